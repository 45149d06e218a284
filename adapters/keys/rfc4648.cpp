#include "adapters/keys/rfc4648.h"

#include <bit>
#include <cstdint>

namespace countersign::keys {
namespace {

constexpr std::string_view usual = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                           for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                           letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", hexadecimal = "0123456789ABCDEF";

/// As many bits a letter as the alphabet has letters for.
std::string encode(std::string_view bytes, std::string_view alphabet) {
  const int width = std::countr_zero(alphabet.size());
  const std::uint32_t mask = (1u << width) - 1;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= width; held -= width) out += alphabet[bits >> (held - width) & mask];
  }
  if (held > 0) out += alphabet[bits << (width - held) & mask];
  return out;
}

std::optional<std::string> decode(std::string_view text, std::string_view alphabet) {
  const int width = std::countr_zero(alphabet.size());
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << width | static_cast<std::uint32_t>(digit);
    if ((held += width) < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held);
  }
  if (encode(out, alphabet) != text) return std::nullopt;  // one text for each value
  return out;
}

std::string in_upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

}  // namespace

std::string base64(std::string_view bytes) {
  auto text = encode(bytes, usual);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode(text, usual);
}

std::string base64url(std::string_view bytes) {
  return encode(bytes, for_urls);
}

std::optional<std::string> parse_base64url(std::string_view text) {
  return decode(text, for_urls);
}

std::string base32(std::string_view bytes) {
  return encode(bytes, letters_and_digits);
}

std::optional<std::string> parse_base32(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string letters = in_upper_case(text);
  std::erase_if(letters, [](char c) { return c == ' ' || c == '-'; });
  return decode(letters, letters_and_digits);
}

std::optional<std::string> parse_base16(std::string_view text) {
  return decode(in_upper_case(text), hexadecimal);
}

}  // namespace countersign::keys
