#pragma once
// Diffie-Hellman on Curve25519 (RFC 7748).
//
// Concurrency: any thread. A failed OpenSSL call is a broken invariant and throws std::runtime_error.

#include <optional>

#include "adapters/keys/ed25519.h"
#include "adapters/keys/secret_key.h"

namespace countersign::offline {

using keys::PublicKey;

PublicKey x25519_public(const keys::Key& secret);
/// Nothing when the other's key is one of those that give zero whatever the secret is (RFC 7748, section 6.1).
std::optional<keys::Key> x25519_shared(const keys::Key& secret, const PublicKey& other);

}  // namespace countersign::offline
