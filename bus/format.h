#pragma once
// Which formats of log records this release knows, and which of them it writes.
//
// A log has a format: the newest that one of its records has asked readers to know. Whoever writes keeps to it, so that
// nodes of the release before read on, until one frame raises it (FrameContents::format): that frame and all behind it
// ask for the newer format, and an older release stops there, naming the release that it needs. A log that is begun
// has the newest format at once.

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace countersign::bus {

struct Format {
  std::uint16_t number;
  std::array<std::uint8_t, 3> release;  ///< the first that reads it
};

/// Those that this release reads, oldest first.
std::span<const Format> formats();
std::uint16_t newest_format();

/// "0.1.0": this one.
std::string this_release();

}  // namespace countersign::bus
