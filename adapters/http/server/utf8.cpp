#include "adapters/http/server/utf8.h"

#include <algorithm>
#include <cstdint>

namespace countersign::http {

bool is_utf8(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u; };
  const auto continues = [at](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned first = at(i), second = at(i + 1);
    if (first < 0x80) {
      ++i;
    } else if (first >= 0xc2 && first < 0xe0 && continues(i + 1)) {
      i += 2;
    } else if ((first & 0xf0) == 0xe0 && continues(i + 1) && continues(i + 2) && (first != 0xe0 || second >= 0xa0) &&
               (first != 0xed || second < 0xa0)) {
      i += 3;
    } else if (first >= 0xf0 && first < 0xf5 && continues(i + 1) && continues(i + 2) && continues(i + 3) &&
               (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xc0) != 0x80; }));
}

}  // namespace countersign::http
