#pragma once
// How a key lies in the store: sealed under another key, with both names beside it.
//
//   version (1) | id of this key (8) | id of the wrapping key (8) | nonce (12, random) | ciphertext (32) | tag (16)
//
// Associated data: the row's key in the store, so that a wrapped key can't be moved to another row.

#include <optional>
#include <string>
#include <string_view>

#include "adapters/keys/secret_key.h"

namespace countersign::keys {

inline constexpr std::size_t wrapped_bytes = 1 + 8 + 8 + 12 + 32 + 16;

std::string wrap(const NamedKey& key, const NamedKey& wrapping, std::string_view row);
/// Nothing when it was changed, lies in another row or was wrapped by another key.
std::optional<NamedKey> unwrap(std::string_view wrapped, const NamedKey& wrapping, std::string_view row);

/// Bytes of any number, sealed in the same way:
///
///   version (1) | id of the sealing key (8) | nonce (12, random) | ciphertext | tag (16)
std::string wrap_secret(std::string_view secret, const NamedKey& sealing, std::string_view row);
std::optional<std::string> unwrap_secret(std::string_view wrapped, const NamedKey& sealing, std::string_view row);

}  // namespace countersign::keys
