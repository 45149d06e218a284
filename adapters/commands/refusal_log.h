#pragma once
// Refusals that matter to security become events, but nobody may flood the log with them: the first of its (account,
// type, reason, source) at once, the rest counted until the minute ends and then written as one event.
//
// Concurrency: any thread. Bounded: above `most` sources in one minute the rest are counted together, without source.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "domain/event.h"

namespace countersign::commands {

class RefusalLog {
 public:
  using Source = std::array<std::uint8_t, 16>;
  struct Counted {
    domain::AccountId account;
    domain::EventType type;
    domain::Reason reason;
    std::optional<Source> source;
    std::uint32_t count = 0;
    domain::UnixMs window_start = 0;
    std::string ip;
  };

  explicit RefusalLog(std::size_t most = 10'000) : most_(most) {}

  /// True: this is the first, write its event now. False: it has been counted.
  bool first(domain::AccountId account, domain::EventType type, domain::Reason reason,
             const std::optional<Source>& source, const std::string& ip, domain::UnixMs now);
  /// Counts of minutes that have ended by `now`, taken out; those with nothing beyond the first are dropped.
  std::vector<Counted> take_ended(domain::UnixMs now);

 private:
  struct Key {
    domain::AccountId account;
    domain::EventType type;
    domain::Reason reason;
    Source source;
    auto operator<=>(const Key&) const = default;
  };
  struct Count {
    std::uint32_t beyond_first = 0;
    domain::UnixMs window_start = 0;
    std::string ip;
  };
  std::mutex mutex_;
  const std::size_t most_;
  std::map<Key, Count> counts_;
};

}  // namespace countersign::commands
