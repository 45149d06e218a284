#include "adapters/directory/text_checks.h"

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace countersign::directory {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

bool is_ascii(std::string_view text) {
  std::uint8_t seen = 0;
  for (const char c : text) seen |= static_cast<std::uint8_t>(c);
  return seen < 0x80;
}

bool is_utf8(std::string_view text) {
  return is_ascii(text) || u8_check(bytes_of(text), text.size()) == nullptr;
}

bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // C1 is U+0080 to U+009F, in UTF-8 C2 80 to C2 9F.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xc0) != 0x80; }));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n", no_break_space = "\xc2\xa0";
  for (;;) {
    if (text.starts_with(no_break_space)) {
      text.remove_prefix(2);
    } else if (text.ends_with(no_break_space)) {
      text.remove_suffix(2);
    } else if (!text.empty() && blanks.find(text.front()) != blanks.npos) {
      text.remove_prefix(1);
    } else if (!text.empty() && blanks.find(text.back()) != blanks.npos) {
      text.remove_suffix(1);
    } else {
      return text;
    }
  }
}

std::optional<std::string> to_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  if (!is_utf8(text)) return std::nullopt;
  std::size_t size = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> normal(
      u8_normalize(UNINORM_NFC, bytes_of(text), text.size(), nullptr, &size), &std::free);
  if (!normal) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(normal.get()), size);
}

std::string to_lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

namespace {

using CaseMapping = std::uint8_t* (*)(const std::uint8_t*, std::size_t, const char*, uninorm_t, std::uint8_t*,
                                      std::size_t*);

std::string mapped(std::string_view text, CaseMapping map) {
  if (is_ascii(text) || !is_utf8(text)) return to_lower_ascii(text);
  std::size_t size = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> out(
      map(bytes_of(text), text.size(), nullptr, UNINORM_NFC, nullptr, &size), &std::free);
  return out ? std::string(reinterpret_cast<const char*>(out.get()), size) : to_lower_ascii(text);
}

}  // namespace

std::string to_lower(std::string_view text) {
  return mapped(text, u8_tolower);
}

std::string fold_case(std::string_view text) {
  return mapped(text, u8_casefold);
}

}  // namespace countersign::directory
