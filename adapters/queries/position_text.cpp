#include "adapters/queries/position_text.h"

#include <algorithm>

namespace countersign::queries {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) out += alphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += alphabet[bits << (6 - held) & 63];
  return out;
}

std::optional<std::string> parse_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((held += 6) < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held);
  }
  if (base64url(out) != text) return std::nullopt;  // one text for each value
  return out;
}

std::string text_of(const Position& position) {
  std::string bytes(position.log.cluster.begin(), position.log.cluster.begin() + 8);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(position.log.partition >> shift);
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value(position.frame) >> shift);
  return base64url(bytes);
}

std::optional<Position> parse_position(std::string_view text) {
  const auto bytes = text.size() <= 64 ? parse_base64url(text) : std::nullopt;
  if (!bytes || bytes->size() != 20) return std::nullopt;
  Position position;
  std::copy_n(bytes->begin(), 8, position.log.cluster.begin());
  std::uint64_t frame = 0;
  for (std::size_t i = 8; i < 12; ++i)
    position.log.partition = position.log.partition << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  for (std::size_t i = 12; i < 20; ++i) frame = frame << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  position.frame = bus::FrameNumber{frame};
  return position;
}

}  // namespace countersign::queries
