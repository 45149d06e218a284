#pragma once
// Which log belongs to a key store. The identity follows from the log's key, so that the log and the keys of two
// installations can't be mixed up.

#include "adapters/keys/key_store.h"
#include "bus/log_identity.h"

namespace countersign::keys {

bus::LogIdentity log_identity(const KeyStore& keys);

}  // namespace countersign::keys
