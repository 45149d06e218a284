#include "adapters/queries/position_text.h"

#include <algorithm>

#include "adapters/keys/rfc4648.h"

namespace countersign::queries {
std::string text_of(const Position& position) {
  std::string bytes(position.log.cluster.begin(), position.log.cluster.begin() + 8);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(position.log.partition >> shift);
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value(position.frame) >> shift);
  return keys::base64url(bytes);
}

std::optional<Position> parse_position(std::string_view text) {
  const auto bytes = text.size() <= 64 ? keys::parse_base64url(text) : std::nullopt;
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
