#include "adapters/keys/sealing.h"

#include "adapters/keys/aes_gcm.h"
#include "adapters/keys/hkdf.h"

namespace countersign::keys {
namespace {

constexpr std::string_view label = "countersign/event/1";
constexpr Nonce96 zero_nonce{};

}  // namespace

Key event_key(const Key& subject_key, domain::EventId event) {
  return hkdf_expand(subject_key, label, event.uuid.view());
}

bus::Bytes32 commitment_to(const Key& event_key) {
  return bus::sha256(event_key.view());
}

void seal(const Key& event_key, const bus::Bytes32& clear_hash, std::string_view plaintext, std::string& out) {
  gcm_encrypt(event_key, zero_nonce, bus::view(clear_hash), plaintext, out);
}

bool open(const Key& event_key, const bus::Bytes32& clear_hash, std::string_view sealed, std::string& out) {
  return gcm_decrypt(event_key, zero_nonce, bus::view(clear_hash), sealed, out);
}

}  // namespace countersign::keys
