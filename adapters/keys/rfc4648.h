#pragma once
// Base 64 (RFC 4648): with the usual alphabet and padding (section 4), as signed notes have it, and with the alphabet
// for URLs without padding (section 5).

#include <optional>
#include <string>
#include <string_view>

namespace countersign::keys {

std::string base64(std::string_view bytes);
/// Nothing for anything that base64() doesn't make.
std::optional<std::string> parse_base64(std::string_view text);

std::string base64url(std::string_view bytes);
/// Nothing for anything that base64url() doesn't make.
std::optional<std::string> parse_base64url(std::string_view text);

}  // namespace countersign::keys
