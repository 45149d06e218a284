#pragma once
// Which log this is: every record and every anchor carries it, so that no file or topic is taken for another's.

#include <array>
#include <cstdint>

namespace countersign::bus {

using ClusterId = std::array<std::uint8_t, 16>;

struct LogIdentity {
  ClusterId cluster{};
  std::uint32_t partition = 0;

  bool operator==(const LogIdentity&) const = default;
};

}  // namespace countersign::bus
