#include "adapters/keys/log_identity.h"

#include "bus/hash.h"

namespace countersign::keys {

bus::LogIdentity log_identity(const KeyStore& keys) {
  const auto digest = bus::Sha256().update("countersign cluster").update(keys.cluster().log.key.view()).finish();
  bus::LogIdentity identity;
  std::copy_n(digest.begin(), identity.cluster.size(), identity.cluster.begin());
  return identity;
}

}  // namespace countersign::keys
