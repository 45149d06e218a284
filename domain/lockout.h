#pragma once
// How failures to prove oneself are slowed down: from the 5th in a row on each one blocks for a minute, twice that
// after the next one, an hour at most; after 100 in a row until an operator unlocks. What is tried meanwhile isn't
// looked at. The arithmetic of guessing stands in docs/security.md.

#include <algorithm>

#include "domain/ids.h"

namespace countersign::domain {

struct Lockout {
  static constexpr std::uint32_t free_failures = 4, most_failures = 100;
  static constexpr UnixMs first_block_ms = 60'000, longest_block_ms = 3'600'000;

  std::uint32_t failures = 0;  ///< in a row
  UnixMs blocked_until = 0;

  bool locked() const { return failures >= most_failures; }
  bool blocked(UnixMs now) const { return locked() || now < blocked_until; }
  /// After one failure more at `now`.
  Lockout after_failure(UnixMs now) const {
    Lockout next{failures + 1, 0};
    if (next.failures <= free_failures) return next;
    const auto doublings = std::min(next.failures - free_failures - 1, 6u);
    next.blocked_until = now + std::min(first_block_ms << doublings, longest_block_ms);
    return next;
  }
  bool operator==(const Lockout&) const = default;
};

}  // namespace countersign::domain
