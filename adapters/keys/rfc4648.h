#pragma once
// Base 64 with the alphabet for URLs and without padding (RFC 4648, 5).

#include <optional>
#include <string>
#include <string_view>

namespace countersign::keys {

std::string base64url(std::string_view bytes);
/// Nothing for anything that base64url() doesn't make.
std::optional<std::string> parse_base64url(std::string_view text);

}  // namespace countersign::keys
