#pragma once
// Where to begin again when a connection that acknowledges nothing is lost: what was handed over last may not have
// arrived. A new connection repeats what was handed over in the 30 s before the last hand-over, at least the last 100
// events of the account and at most the last 10,000.
//
// At least 100, because a receiver that goes away while nothing is sent takes with it what was sent before the silence.

#include <chrono>
#include <cstdint>
#include <deque>

namespace countersign::exports {

class RewindWindow {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr auto reach = std::chrono::seconds(30);
  static constexpr std::uint64_t least_events = 100, most_events = 10'000;

  /// A connection begins to send behind this sequence.
  void begin(std::uint64_t sequence) {
    sent_ = sequence;
    moments_.clear();
  }
  /// Everything up to here has been handed over.
  void sent(std::uint64_t sequence, Clock::time_point now) {
    if (moments_.empty() || now - moments_.back().at >= grain) moments_.push_back({now, sent_});
    sent_ = sequence;
    while (now - moments_.front().at > reach + grain) moments_.pop_front();
  }
  /// Behind which the next connection begins.
  std::uint64_t back_to() const {
    auto sequence = moments_.empty() ? sent_ : moments_.front().before;
    sequence = sequence < less(sent_, least_events) ? sequence : less(sent_, least_events);
    return sequence > less(sent_, most_events) ? sequence : less(sent_, most_events);
  }

 private:
  /// A hand-over and what had been sent before it.
  struct Moment {
    Clock::time_point at;
    std::uint64_t before;
  };
  static constexpr auto grain = std::chrono::milliseconds(100);  // so that there are some 300 moments at most
  static std::uint64_t less(std::uint64_t sequence, std::uint64_t by) { return sequence > by ? sequence - by : 0; }
  std::uint64_t sent_ = 0;
  std::deque<Moment> moments_;
};

}  // namespace countersign::exports
