#pragma once
// The thumbprint by which tokens are bound to a device's key: of its JSON Web Key with SHA-256 (RFC 7638; RFC 8037 for
// Ed25519), as `cnf.jkt` of an introspection says it (RFC 9449, 6.1).

#include <optional>
#include <string_view>

#include "domain/ids.h"

namespace countersign::keys {

/// Of a public key as PEM ("PUBLIC KEY", RFC 7468, 13). Nothing: it is no such text, or a key of another kind than
/// P-256, P-384, P-521, Ed25519 and RSA of 2048 to 8192 bits.
std::optional<domain::Digest> key_thumbprint(std::string_view pem);

}  // namespace countersign::keys
