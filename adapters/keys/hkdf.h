#pragma once
// HKDF-SHA-256 (RFC 5869), one 32-byte output block, over hash contexts that every thread sets up once. Labels keep the
// uses of one key apart.

#include <string_view>

#include "adapters/keys/secret_key.h"

namespace countersign::keys {

/// Expand only, as RFC 5869 section 3.3 allows when the input key is uniformly random, as every Key is.
Key hkdf_expand(const Key& uniform_key, std::string_view label, std::string_view context);
/// Extract and expand, for input that is not uniform (a client's Idempotency-Key).
Key hkdf(std::string_view salt, std::string_view input, std::string_view label, std::string_view context);

}  // namespace countersign::keys
