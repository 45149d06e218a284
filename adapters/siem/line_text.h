#pragma once
// What people wrote on its way into a line of a SIEM's format. Names, user agents and what else comes from outside may
// hold line breaks that forge a record, or bidirectional characters that make it read differently: both are shown by
// their numbers, so that a line is one line and reads as what it is.
//
// Nothing of it throws; text of any bytes is taken.

#include <string>
#include <string_view>

namespace countersign::siem {

/// Misleading characters (queries::is_misleading) as <U+202E>, and what is not UTF-8 as U+FFFD. CR and LF stay when
/// `keep_line_breaks`, for formats that have an escape for them.
std::string visible(std::string_view text, bool keep_line_breaks = false);
/// Every byte that is not part of a UTF-8 character becomes U+FFFD.
std::string valid_utf8(std::string text);
/// At most `most_bytes`, cut at a character's end. `text` must be UTF-8.
std::string_view cut(std::string_view text, std::size_t most_bytes);

}  // namespace countersign::siem
