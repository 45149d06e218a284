#pragma once
// Positions as clients hold them: opaque base64url texts.

#include <optional>
#include <string>
#include <string_view>

#include "bus/log_identity.h"
#include "bus/position.h"

namespace countersign::queries {

struct Position {
  bus::LogIdentity log;
  bus::FrameNumber frame{};
};
std::string text_of(const Position& position);
std::optional<Position> parse_position(std::string_view text);

}  // namespace countersign::queries
