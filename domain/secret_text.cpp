#include "domain/secret_text.h"

#include "domain/slot.h"

namespace countersign::domain {
namespace {

constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t random_characters = 52, checksum_characters = 7;

constexpr std::array<std::uint32_t, 256> crc_of_byte = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  return table;
}();

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ crc_of_byte[(crc ^ static_cast<std::uint8_t>(c)) & 0xff];
  return ~crc;
}

std::string checksum(std::string_view text) {
  std::string out(checksum_characters, '\0');
  const std::uint64_t crc = crc32c(text);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = base32[crc >> (30 - 5 * i) & 31];
  return out;
}

}  // namespace

std::optional<std::string> parse_code(std::string_view typed, std::string* hint) {
  const auto refuse = [&](std::string_view why) {
    if (hint) *hint = why;
    return std::nullopt;
  };
  if (typed.size() > 64) return refuse("A registration code has 12 characters.");
  std::string code;
  for (char c : typed) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '0' || c == 'O' || c == '1' || c == 'I' || c == 'L')
      return refuse("Registration codes contain no 0, O, 1, I or L: please compare with the code you were given.");
    if (code_alphabet.find(c) == std::string_view::npos)
      return refuse("A registration code consists of letters and digits only.");
    code += c;
  }
  if (code.size() != code_length) return refuse("A registration code has 12 characters.");
  return code;
}

std::string make_code(std::uint16_t slot, const std::array<std::uint8_t, 10>& digits) {
  std::string code = slot_text(slot);
  for (const auto digit : digits) code += code_alphabet[digit % code_alphabet.size()];
  return code;
}

std::string show_code(std::string_view code) {
  std::string shown(code.substr(0, 4));
  shown += '-';
  shown += code.substr(4, 4);
  shown += '-';
  shown += code.substr(8);
  return shown;
}

std::string_view bearer_prefix(BearerKind kind) {
  switch (kind) {
    case BearerKind::root_key: return "csroot_";
    case BearerKind::api_key: return "cskey_";
    case BearerKind::access_token: return "cstok_";
    case BearerKind::activation_ticket: return "cstkt_";
  }
  return "";
}

std::string make_bearer(BearerKind kind, std::uint16_t slot, const std::array<std::uint8_t, 32>& random) {
  std::string text(bearer_prefix(kind));
  text += slot_text(slot);
  std::uint32_t bits = 0;
  int held = 0;
  for (const auto byte : random) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 5; held -= 5) text += base32[bits >> (held - 5) & 31];
  }
  text += base32[bits << (5 - held) & 31];
  return text += checksum(text);
}

bool is_bearer(BearerKind kind, std::string_view text) {
  const auto prefix = bearer_prefix(kind);
  if (text.size() != prefix.size() + 2 + random_characters + checksum_characters || !text.starts_with(prefix))
    return false;
  if (!parse_slot(text.substr(prefix.size(), 2))) return false;
  const auto body = text.substr(0, text.size() - checksum_characters);
  return checksum(body) == text.substr(body.size());
}

std::optional<std::uint16_t> bearer_slot(BearerKind kind, std::string_view text) {
  if (!is_bearer(kind, text)) return std::nullopt;
  return parse_slot(text.substr(bearer_prefix(kind).size(), 2));
}

}  // namespace countersign::domain
