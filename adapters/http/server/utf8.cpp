#include "adapters/http/server/utf8.h"

#include <algorithm>
#include <cstdint>

namespace countersign::http {

namespace {

/// Bytes of the character that `text` begins with; 0: it begins with none.
std::size_t character_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u; };
  const auto continues = [at](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0 && continues(1)) return 2;
  if ((first & 0xf0) == 0xe0 && continues(1) && continues(2) && (first != 0xe0 || second >= 0xa0) &&
      (first != 0xed || second < 0xa0))
    return 3;
  if (first >= 0xf0 && first < 0xf5 && continues(1) && continues(2) && continues(3) &&
      (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90))
    return 4;
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto beyond_ascii = std::ranges::find_if(text, [](char c) { return static_cast<std::uint8_t>(c) >= 0x80; });
  text.remove_prefix(static_cast<std::size_t>(beyond_ascii - text.begin()));
  while (!text.empty()) {
    const auto length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string as_utf8(std::string_view bytes, std::size_t most_bytes) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  std::string text;
  while (!bytes.empty()) {
    const auto length = character_length(bytes);
    const auto next = length == 0 ? replacement : bytes.substr(0, length);
    if (text.size() + next.size() > most_bytes) break;
    text += next;
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
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
