#include "tools/countersign/text.h"

#include <unistr.h>
#include <uniwidth.h>

#include <cstdint>
#include <cstdio>

#include "adapters/queries/misleading_character.h"

namespace countersign::cli {
namespace {

/// Calls visit(character, bytes); -1 for a byte that isn't UTF-8.
template <class Visit>
void each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int length = u8_mbtoucr(&c, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    const std::size_t taken = length > 0 ? static_cast<std::size_t>(length) : 1;
    visit(length > 0 ? static_cast<std::int64_t>(c) : -1, text.substr(0, taken));
    text.remove_prefix(taken);
  }
}

std::string formatted(const char* format, unsigned value) {
  char buffer[24];
  return {buffer, static_cast<std::size_t>(std::snprintf(buffer, sizeof buffer, format, value))};
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(text, [&](std::int64_t c, std::string_view bytes) {
    if (c < 0)
      out += formatted("\\x{%02x}", static_cast<unsigned char>(bytes.front()));
    else if (queries::is_misleading(static_cast<char32_t>(c)))
      out += formatted("\\u{%02x}", static_cast<unsigned>(c));
    else
      out += bytes;
  });
  return out;
}

std::string escaped_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  each_character(json, [&](std::int64_t c, std::string_view bytes) {
    if (c < 0) {
      out += "\\ufffd";
    } else if (c == '\n' || !queries::is_misleading(static_cast<char32_t>(c))) {
      out += bytes;
    } else if (c < 0x10000) {
      out += formatted("\\u%04x", static_cast<unsigned>(c));
    } else {
      const auto rest = static_cast<unsigned>(c) - 0x10000;
      out += formatted("\\u%04x", 0xd800 + (rest >> 10)) + formatted("\\u%04x", 0xdc00 + (rest & 0x3ff));
    }
  });
  return out;
}

std::size_t width(std::string_view escaped_text) {
  std::size_t columns = 0;
  each_character(escaped_text, [&](std::int64_t c, std::string_view) {
    const int wide = c < 0 ? 1 : uc_width(static_cast<ucs4_t>(c), "UTF-8");
    if (wide > 0) columns += static_cast<std::size_t>(wide);
  });
  return columns;
}

std::string shortened(std::string_view escaped_text, std::size_t columns) {
  if (width(escaped_text) <= columns) return std::string(escaped_text);
  std::string out;
  std::size_t used = 1;  // the ellipsis
  bool full = false;
  each_character(escaped_text, [&](std::int64_t c, std::string_view bytes) {
    const int wide = c < 0 ? 1 : uc_width(static_cast<ucs4_t>(c), "UTF-8");
    used += wide > 0 ? static_cast<std::size_t>(wide) : 0;
    full = full || used > columns;
    if (!full) out += bytes;
  });
  return out + "…";
}

}  // namespace countersign::cli
