#pragma once
// When sessions were last used: kept in RAM, logged as a coalesced session.seen, once a session and 15 minutes at most.
// A node that doesn't own a session's account logs nothing and tells the owner, once a session and minute at most.
//
// Concurrency: any thread; take_due() one, take_untold() and tell_again() one; sharded. Bounded: `most` sessions;
// beyond that new ones are not followed until others are idle.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "adapters/commands/of_account.h"
#include "domain/activation.h"

namespace countersign::commands {

class SessionActivity {
 public:
  explicit SessionActivity(std::size_t most = 2'000'000) : most_a_shard_(most / shard_count) {}

  /// `logged` is what the views say.
  void seen(domain::AccountId account, domain::UserId user, domain::SessionId session, domain::UnixMs logged,
            domain::UnixMs now);
  /// The later of `logged` and what RAM knows.
  domain::UnixMs last_seen(domain::SessionId session, domain::UnixMs logged) const;

  struct Due {
    domain::AccountId account;
    domain::TouchSessions::Seen seen;
    domain::UnixMs logged_before = 0;
  };
  /// At most `limit` sessions of these accounts whose use should be logged now. They count as logged from here on. Each
  /// call begins where the former ended, so that many sessions in use don't keep others from being logged.
  std::vector<Due> take_due(domain::UnixMs now, std::size_t limit, const OfAccount& wanted = {});
  /// Could not be logged.
  void put_back(const Due& due);

  /// Sessions whose use has neither been logged nor told to these accounts' owner. They count as told from here on.
  std::vector<Due> take_untold(domain::UnixMs now, const OfAccount& wanted);
  /// As if the owner had been told nothing: he has it in RAM, and there may be another one.
  void tell_again(const OfAccount& wanted);

 private:
  static constexpr std::size_t shard_count = 16;
  static constexpr domain::UnixMs quiet_ms = 15 * 60'000, tell_every_ms = 60'000;
  struct Entry {
    domain::AccountId account;
    domain::UserId user;
    domain::UnixMs at = 0, logged = 0, told = 0;
    bool untold() const { return at > logged && at > told; }
  };
  struct Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<domain::SessionId, Entry, domain::UuidHash> entries;
  };
  Shard& shard_of(domain::SessionId session) { return shards_[session.uuid.bytes[15] % shard_count]; }
  const Shard& shard_of(domain::SessionId session) const { return shards_[session.uuid.bytes[15] % shard_count]; }
  const std::size_t most_a_shard_;
  std::array<Shard, shard_count> shards_;
  std::size_t next_shard_ = 0;  ///< of take_due: one thread
};

}  // namespace countersign::commands
