#pragma once
// The production embedded log on a disk that forgets what wasn't synced, losing power at a drawn moment, again and
// again: what was acknowledged, or seen after an opening, is there ever after, the anchor covers it, and the log opens.

#include <cstdint>
#include <string>

namespace countersign::sim {

/// What went wrong; empty: nothing.
std::string lose_power_again_and_again(std::uint64_t seed);

}  // namespace countersign::sim
