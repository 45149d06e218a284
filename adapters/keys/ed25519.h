#pragma once
// Signatures with Ed25519 (RFC 8032, PureEdDSA) from a seed of 32 bytes. Deterministic: equal text, equal signature.
//
// Concurrency: any thread. A failed OpenSSL call is a broken invariant and throws std::runtime_error; a signature that
// doesn't fit is `false`.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/keys/secret_key.h"

namespace countersign::keys {

using PublicKey = std::array<std::uint8_t, 32>;
inline constexpr std::size_t signature_bytes = 64;

PublicKey public_key_of(const Key& seed);
std::string ed25519_sign(const Key& seed, std::string_view text);
bool ed25519_verify(const PublicKey& key, std::string_view text, std::string_view signature);

}  // namespace countersign::keys
