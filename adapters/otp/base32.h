#pragma once
// Base 32 (RFC 4648, section 6) without padding, as authenticator apps show and take seeds.

#include <optional>
#include <string>
#include <string_view>

namespace countersign::otp {

std::string base32(std::string_view bytes);
/// Upper or lower case; blanks, hyphens and padding at the end are passed over. Nothing for anything else.
std::optional<std::string> parse_base32(std::string_view text);

}  // namespace countersign::otp
