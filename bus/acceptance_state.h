#pragma once
// What a reader knows of a partition after the records it has read: enough to judge the next one (bus/acceptance.h),
// small enough to be stored beside a view as its position.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bus/hash.h"
#include "bus/position.h"

namespace countersign::bus {

using Nonce = std::array<std::uint8_t, 16>;

/// Who opened a term.
struct Writer {
  std::string node, address;
  bool operator==(const Writer&) const = default;
};

struct AcceptanceState {
  Term term{};             ///< of the newest accepted claim
  Nonce nonce{};           ///< of that claim
  bool released = false;   ///< that claim has been released: its writer has said that it writes no more
  FrameNumber last{};      ///< newest accepted frame or release
  Bytes32 head{};          ///< hash over everything accepted
  TimeMs time{};           ///< of the newest accepted frame: time never goes back below it
  Offset next{};           ///< where reading goes on
  std::uint16_t format{};  ///< of the log (bus/format.h); 0: nothing was accepted yet
  /// Of the newest accepted claim, so that a reader that begins behind it knows whom to ask; null before the first.
  std::shared_ptr<const Writer> writer;

  bool operator==(const AcceptanceState& other) const;
};

/// Canonical bytes, for a view's position row.
std::string encode(const AcceptanceState& state);
/// Nothing when the bytes are not what encode() makes.
std::optional<AcceptanceState> decode_acceptance_state(std::string_view bytes);

}  // namespace countersign::bus
