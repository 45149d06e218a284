#pragma once
// Writing CSV that spreadsheets open without running anything: a cell that begins, after blanks, with = + - @ (or their
// full-width forms), or with TAB or CR, gets an apostrophe in front (OWASP "CSV injection"). UTF-8 with a byte order
// mark, CRLF, quotes where needed (RFC 4180).

#include <span>
#include <string>
#include <string_view>

namespace countersign::directory {

inline constexpr std::string_view csv_byte_order_mark = "\xef\xbb\xbf";

/// Appends the cell, escaped and quoted as needed.
void append_csv_cell(std::string_view cell, std::string& out);
/// Appends the cells with commas between and CRLF behind.
void append_csv_row(std::span<const std::string_view> cells, std::string& out);

}  // namespace countersign::directory
