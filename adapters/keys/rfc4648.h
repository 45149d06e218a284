#pragma once
// RFC 4648. Base 64: with the usual alphabet and padding (section 4), as signed notes have it, and with the alphabet
// for URLs without padding (section 5). Base 32 without padding (section 6), as authenticator apps show and take seeds.
// Base 16 (section 8) is written by hex() of master_key.h.

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

std::string base32(std::string_view bytes);
/// Upper or lower case; blanks, hyphens and padding at the end are passed over. Nothing for anything else.
std::optional<std::string> parse_base32(std::string_view text);

/// Two digits a byte, upper or lower case, and nothing between.
std::optional<std::string> parse_base16(std::string_view text);

}  // namespace countersign::keys
