#pragma once
// What people read from one screen and type into another: base 32 in groups of four. Lower case, blanks and hyphens are
// passed over, and the digits that aren't in the alphabet stand for the letters that they look like (0 O, 1 I, 8 B).

#include <optional>
#include <string>
#include <string_view>

#include "adapters/offline/x25519.h"
#include "domain/ids.h"

namespace countersign::offline {

std::string typed_text(std::string_view bytes);
/// Nothing unless it is `bytes` bytes.
std::optional<std::string> parse_typed_text(std::string_view text, std::size_t bytes);

/// A device's code: its public key, and three bytes that show whether it was mistyped, or belongs to another
/// registration.
std::string device_code(const PublicKey& device, const domain::Uuid& registration);
std::optional<PublicKey> parse_device_code(std::string_view text, const domain::Uuid& registration);

}  // namespace countersign::offline
