#include "adapters/directory/csv_writer.h"

#include <algorithm>

namespace countersign::directory {
namespace {

// U+FF1D, U+FF0B, U+FF0D, U+FF20 and, because some programs fold it, U+2212 (minus sign).
constexpr std::string_view wide_formula_starts[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0",
                                                    "\xe2\x88\x92"};
// Blanks a spreadsheet may strip: space, TAB, CR, LF, U+00A0, U+2000 to U+200B, U+2028/9, U+202F, U+205F, U+2060,
// U+3000, U+FEFF.
std::size_t leading_blank_bytes(std::string_view text) {
  if (text.empty()) return 0;
  if (std::string_view(" \t\r\n\v\f").find(text[0]) != std::string_view::npos) return 1;
  if (text.starts_with("\xc2\xa0")) return 2;
  if (text.size() < 3) return 0;
  const std::string_view three = text.substr(0, 3);
  if (three.starts_with("\xe2\x80")) {
    const auto last = static_cast<unsigned char>(three[2]);
    return last <= 0x8b || last == 0xa8 || last == 0xa9 || last == 0xaf ? 3 : 0;
  }
  return three == "\xe2\x81\x9f" || three == "\xe2\x81\xa0" || three == "\xe3\x80\x80" || three == "\xef\xbb\xbf" ? 3
                                                                                                                  : 0;
}

bool looks_like_formula(std::string_view cell) {
  if (!cell.empty() && (cell[0] == '\t' || cell[0] == '\r')) return true;
  while (const std::size_t blank = leading_blank_bytes(cell)) cell.remove_prefix(blank);
  if (cell.empty()) return false;
  if (std::string_view("=+-@").find(cell[0]) != std::string_view::npos) return true;
  return std::any_of(std::begin(wide_formula_starts), std::end(wide_formula_starts),
                     [cell](std::string_view start) { return cell.starts_with(start); });
}

}  // namespace

void append_csv_cell(std::string_view cell, std::string& out) {
  const bool escape = looks_like_formula(cell);
  if (cell.find_first_of(",;\"\r\n\t") == cell.npos) {
    if (escape) out.push_back('\'');
    out.append(cell);
    return;
  }
  out.push_back('"');
  if (escape) out.push_back('\'');
  for (const char c : cell) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void append_csv_row(std::span<const std::string_view> cells, std::string& out) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_csv_cell(cells[i], out);
  }
  out.append("\r\n");
}

}  // namespace countersign::directory
