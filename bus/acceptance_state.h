#pragma once
// What a reader knows of a partition after the records it has read: enough to judge the next one (bus/acceptance.h),
// small enough to be stored beside a view as its position.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "bus/hash.h"
#include "bus/position.h"

namespace countersign::bus {

using Nonce = std::array<std::uint8_t, 16>;

struct AcceptanceState {
  Term term{};            ///< of the newest accepted claim
  Nonce nonce{};          ///< of that claim
  bool released = false;  ///< that claim has been released: its writer has said that it writes no more
  FrameNumber last{};     ///< newest accepted frame or release
  Bytes32 head{};         ///< hash over everything accepted
  TimeMs time{};          ///< of the newest accepted frame: time never goes back below it
  Offset next{};          ///< where reading goes on

  bool operator==(const AcceptanceState&) const = default;
};

/// Fixed-size canonical bytes, for a view's position row and the embedded log's start.
std::string encode(const AcceptanceState& state);
/// Nothing when the bytes are not what encode() makes.
std::optional<AcceptanceState> decode_acceptance_state(std::string_view bytes);

}  // namespace countersign::bus
