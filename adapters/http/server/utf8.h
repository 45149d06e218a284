#pragma once
// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

#include <cstddef>
#include <string_view>

namespace countersign::http {

bool is_utf8(std::string_view text);
/// C0, DEL or C1; `text` must be UTF-8.
bool has_control_character(std::string_view text);
/// Code points; `text` must be UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace countersign::http
