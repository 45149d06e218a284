#pragma once
// When a signed checkpoint goes out beside events: at the first moment when everything has been sent, and from then on
// once in a while, always only if events have been sent since the last one.

#include <chrono>
#include <cstdint>
#include <optional>

namespace countersign::siem {

class CheckpointPace {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds usual{60'000};

  /// `sequence`: up to which events had been sent before.
  explicit CheckpointPace(std::uint64_t sequence, std::chrono::milliseconds every = usual)
      : every_(every), asked_(Clock::now()), covered_(sequence) {}

  bool due(std::uint64_t sequence, bool caught_up, Clock::time_point now) const {
    return sequence > covered_ && (now - asked_ >= every_ || (first_ && caught_up));
  }
  /// Nothing: not before more events have been sent.
  std::optional<std::chrono::milliseconds> until_due(std::uint64_t sequence, Clock::time_point now) const {
    if (sequence <= covered_) return std::nullopt;
    const auto past = std::chrono::duration_cast<std::chrono::milliseconds>(now - asked_);
    return past < every_ ? every_ - past : std::chrono::milliseconds(1);
  }
  void asked(Clock::time_point now) {
    asked_ = now;
    first_ = false;
  }
  void sent(std::uint64_t sequence) { covered_ = sequence; }

 private:
  std::chrono::milliseconds every_;
  Clock::time_point asked_;
  std::uint64_t covered_;
  bool first_ = true;
};

}  // namespace countersign::siem
