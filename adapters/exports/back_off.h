#pragma once
// How long to wait after a failure: twice as long each time up to a limit, at random between half of it and all of it,
// so that destinations that failed together don't come back together. A receiver may ask for more.

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

namespace countersign::exports {

struct BackOffLimits {
  std::chrono::milliseconds first{2'000};  ///< half of it at least
  std::chrono::milliseconds longest{5 * 60'000};
  std::chrono::milliseconds longest_asked{60 * 60'000};  ///< that a receiver may ask for
};

class BackOff {
 public:
  explicit BackOff(const BackOffLimits& limits) : limits_(limits), next_(limits.first) {}

  void reset() { next_ = limits_.first; }
  std::chrono::milliseconds failed(std::optional<std::chrono::seconds> asked, std::minstd_rand& random) {
    const auto whole = next_;
    next_ = std::min(next_ * 2, limits_.longest);
    std::uniform_int_distribution<std::int64_t> part(whole.count() / 2, whole.count());
    const std::chrono::milliseconds drawn(part(random));
    if (!asked) return drawn;
    return std::max(drawn, std::min<std::chrono::milliseconds>(*asked, limits_.longest_asked));
  }

 private:
  BackOffLimits limits_;
  std::chrono::milliseconds next_;
};

}  // namespace countersign::exports
