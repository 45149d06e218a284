#include "adapters/siem/line_text.h"

#include <unistr.h>

#include <cstdint>
#include <cstdio>

#include "adapters/queries/misleading_character.h"

namespace countersign::siem {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

std::string visible(std::string_view text, bool keep_line_breaks) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    ucs4_t c = 0;
    const int length = u8_mbtoucr(&c, bytes_of(text), text.size());
    const auto taken = length > 0 ? static_cast<std::size_t>(length) : 1;
    if (length <= 0) {
      out += replacement;
    } else if (queries::is_misleading(c) && !(keep_line_breaks && (c == '\n' || c == '\r'))) {
      char number[16];
      out.append(number, static_cast<std::size_t>(std::snprintf(number, sizeof number, "<U+%04X>", unsigned(c))));
    } else {
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return out;
}

std::string valid_utf8(std::string text) {
  if (!u8_check(bytes_of(text), text.size())) return text;
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    ucs4_t c = 0;
    const int length = u8_mbtoucr(&c, bytes_of(rest), rest.size());
    out += length > 0 ? rest.substr(0, static_cast<std::size_t>(length)) : replacement;
    rest.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  }
  return out;
}

std::string_view cut(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  while (most_bytes > 0 && (static_cast<std::uint8_t>(text[most_bytes]) & 0xc0) == 0x80) --most_bytes;
  return text.substr(0, most_bytes);
}

}  // namespace countersign::siem
