#pragma once
// Positions as clients hold them, and page cursors: opaque base64url texts.

#include <optional>
#include <string>
#include <string_view>

#include "bus/log_identity.h"
#include "bus/position.h"

namespace countersign::queries {

std::string base64url(std::string_view bytes);
/// Without padding. Nothing for anything that base64url() doesn't make.
std::optional<std::string> parse_base64url(std::string_view text);

struct Position {
  bus::LogIdentity log;
  bus::FrameNumber frame{};
};
std::string text_of(const Position& position);
std::optional<Position> parse_position(std::string_view text);

}  // namespace countersign::queries
