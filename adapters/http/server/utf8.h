#pragma once
// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

#include <cstddef>
#include <string>
#include <string_view>

namespace countersign::http {

bool is_utf8(std::string_view text);
/// What a client sent as some bytes, as text: each byte that is not part of a UTF-8 character becomes U+FFFD; cut off
/// at a character's end, so that at most `most_bytes` are left.
std::string as_utf8(std::string_view bytes, std::size_t most_bytes);
/// C0, DEL or C1; `text` must be UTF-8.
bool has_control_character(std::string_view text);
/// Code points; `text` must be UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace countersign::http
