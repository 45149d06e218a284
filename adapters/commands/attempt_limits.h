#pragma once
// Failed redemptions, counted per source (IPv4 address or IPv6 /64) and per slot in windows of a minute. Over a limit
// the answer is 429 before any look-up, for right codes too, so that a guesser learns nothing. RAM of the owner only: a
// restart forgets a minute. docs/security.md has the arithmetic.
//
// Concurrency: any thread. Bounded: `most_sources`; when full, sources that are not known yet share one count.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "adapters/commands/command_work.h"

namespace countersign::commands {

struct AttemptLimitSettings {
  std::uint32_t failures_per_source = 20;     ///< a minute; 0: no limit
  std::uint32_t failures_per_account = 1000;  ///< a minute and slot; 0: no limit
};

class AttemptLimits {
 public:
  explicit AttemptLimits(const AttemptLimitSettings& settings, std::size_t most_sources = 100'000)
      : settings_(settings), most_sources_(most_sources) {}

  using Source = std::array<std::uint8_t, 16>;
  /// Milliseconds until the next attempt is admitted; 0: now. `now`: milliseconds of any clock that only goes forward.
  /// `open_codes` of the slot's account shrink its budget.
  std::int64_t wait_ms(const Source& source, std::uint16_t slot, std::uint64_t open_codes, std::int64_t now);
  void failed(const Source& source, std::uint16_t slot, std::int64_t now);

  /// The slot's budget a minute: the setting, or less so that guessing any of `open_codes` among 31^10 codes succeeds
  /// with at most 1e-4 a week.
  static std::uint64_t slot_budget(std::uint64_t setting, std::uint64_t open_codes);

 private:
  struct Window {
    domain::UnixMs start = 0;
    std::uint32_t failures = 0;
  };
  Window& window_of(const Source& source, domain::UnixMs now);
  AttemptLimitSettings settings_;
  std::size_t most_sources_;
  std::mutex mutex_;
  struct Hash {
    std::size_t operator()(const Source& source) const {
      std::size_t hash;
      static_assert(sizeof hash <= sizeof source);
      __builtin_memcpy(&hash, source.data(), sizeof hash);  // a keyed digest: uniform already
      return hash;
    }
  };
  std::unordered_map<Source, Window, Hash> sources_;
  Window others_;
  std::unordered_map<std::uint16_t, Window> slots_;
};

}  // namespace countersign::commands
