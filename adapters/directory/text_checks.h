#pragma once
// Small questions about UTF-8 text (RFC 3629) that everything from a directory has to answer.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::directory {

bool is_ascii(std::string_view text);
bool is_utf8(std::string_view text);
/// C0, DEL and C1. `text` must be UTF-8.
bool has_control_character(std::string_view text);
/// Code points. `text` must be UTF-8.
std::size_t count_characters(std::string_view text);
/// Without blanks (space, TAB, CR, LF, no-break space) at both ends.
std::string_view trim(std::string_view text);
/// Unicode normalisation form C. Nothing if `text` is not UTF-8.
std::optional<std::string> to_nfc(std::string_view text);
std::string to_lower_ascii(std::string_view text);
/// Lower case of no language in particular (Unicode 3.13), in NFC; what is not UTF-8 only in its ASCII letters.
std::string to_lower(std::string_view text);
/// The form in which texts are compared without regard to case (Unicode 3.13, full folding), in NFC.
std::string fold_case(std::string_view text);

}  // namespace countersign::directory
