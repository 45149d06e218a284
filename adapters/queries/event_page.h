#pragma once
// Filling a page of events: up to a limit of those that match, and bounded in what is looked at for them. A page that
// ends because too much was looked at is short, perhaps empty, and goes on behind the last sequence that it has seen.

#include <cstddef>
#include <cstdint>

namespace countersign::queries {

class EventPage {
 public:
  EventPage(std::size_t limit, std::size_t most_looked_at) : limit_(limit), most_looked_at_(most_looked_at) {}

  enum class Verdict { take, pass, stop };
  /// The next event of the walk, and whether the filter matches it.
  Verdict look(std::uint64_t sequence, bool matches) {
    if (looked_at_ == most_looked_at_ || (matches && taken_ == limit_)) {
      has_more_ = true;
      return Verdict::stop;
    }
    ++looked_at_;
    last_ = sequence;
    if (!matches) return Verdict::pass;
    ++taken_;
    return Verdict::take;
  }

  /// The walk ended before its end.
  void cut_short() { has_more_ = true; }
  /// Whether there may be anything beyond.
  bool has_more() const { return has_more_; }
  /// Where the next page goes on; 0: nothing was looked at.
  std::uint64_t last_sequence() const { return last_; }

 private:
  const std::size_t limit_, most_looked_at_;
  std::size_t looked_at_ = 0, taken_ = 0;
  std::uint64_t last_ = 0;
  bool has_more_ = false;
};

}  // namespace countersign::queries
