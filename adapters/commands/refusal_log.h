#pragma once
// Refusals that matter to security become events, but nobody may flood the log with them: the first of its kind at
// once, the rest counted until the minute ends and then written as one event a reason.
//
// Of its kind: of its (account, type, source, reason, subject, actor); of refused redemptions whatever the reason,
// because an answer waits for its event, and by the time it takes the first of a reason would tell which codes exist
// (ADR 7).
//
// Concurrency: any thread. Bounded: above `most` kinds in one minute the rest are counted together, without source.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/commands/of_account.h"
#include "domain/event.h"

namespace countersign::commands {

class RefusalLog {
 public:
  using Source = std::array<std::uint8_t, 16>;
  struct Refused {
    domain::AccountId account;
    domain::EventType type;
    domain::Reason reason;
    std::optional<Source> source;
    std::string ip;
    domain::Party actor{};    ///< who it was, as far as that is known
    domain::Party subject{};  ///< the API key that was refused, or the user whose password was, if there is one
  };
  struct Counted {
    Refused refused;
    std::uint32_t count = 0;
    domain::UnixMs window_start = 0;
  };

  explicit RefusalLog(std::size_t most = 2'000) : most_(most) {}

  /// True: this is the first, write its event now. False: it has been counted.
  bool first(const Refused& refused, domain::UnixMs now);
  /// Counts one that gets no event of its own, even if it is the first.
  void count(const Refused& refused, domain::UnixMs now);
  /// Counts of these accounts' minutes that have ended by `now`, taken out; those with nothing beyond the first are
  /// dropped.
  std::vector<Counted> take_ended(domain::UnixMs now, const OfAccount& wanted = {});
  /// All counts of these accounts, of the running minute too.
  std::vector<Counted> take_of(const OfAccount& wanted);
  /// All counts, of the running minute too: at the end of the server.
  std::vector<Counted> take_all();
  /// What was taken out and could not be written, or was counted at another node.
  void put_back(const Counted& counted);

 private:
  struct Key {
    domain::AccountId account;
    domain::EventType type;
    domain::Reason reason;  ///< none: whatever it is
    Source source;
    domain::Uuid subject, actor;
    auto operator<=>(const Key&) const = default;
  };
  struct Minute {
    domain::UnixMs start = 0;
    std::string ip;
    domain::Party actor{}, subject{};
    bool wrote_first = false;
    std::map<domain::Reason, std::uint32_t> beyond_first;
  };
  Minute& minute_of(const Refused& refused, domain::UnixMs start);
  template <class Ended>
  std::vector<Counted> take(Ended ended);

  std::mutex mutex_;
  const std::size_t most_;
  std::map<Key, Minute> minutes_;
};

}  // namespace countersign::commands
