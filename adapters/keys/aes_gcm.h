#pragma once
// AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag, through one context per thread that is set up
// once. The caller answers for never using a (key, nonce) pair twice.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/keys/secret_key.h"

namespace countersign::keys {

inline constexpr std::size_t tag_bytes = 16;
using Nonce96 = std::array<std::uint8_t, 12>;

/// Appends ciphertext and tag to `out`: plaintext.size() + tag_bytes more.
void gcm_encrypt(const Key& key, const Nonce96& nonce, std::string_view associated, std::string_view plaintext,
                 std::string& out);
/// Appends the plaintext to `out` and returns true, or leaves `out` as it was when the tag doesn't fit.
bool gcm_decrypt(const Key& key, const Nonce96& nonce, std::string_view associated, std::string_view sealed,
                 std::string& out);

}  // namespace countersign::keys
