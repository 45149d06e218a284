#pragma once
// Reads of events are audited: how often each key has read, counted until 15 minutes have passed since its first read
// and then written as one event. None is written at once, so that a read doesn't change the list that is being read.
//
// Concurrency: any thread; a read costs one look-up in a hash map. Bounded: `most` keys at a time; what others read
// meanwhile is counted together in their account, without a key.

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "adapters/commands/of_account.h"
#include "domain/record.h"

namespace countersign::commands {

class ReadLog {
 public:
  enum class Kind { list, facets, histogram, log };
  struct Reader {
    domain::AccountId account;
    domain::Party actor;
    domain::Role role = domain::Role::none;
  };
  struct Counted {
    Reader reader;
    domain::RecordReads reads;
  };
  static constexpr domain::UnixMs window_ms = 15 * 60'000;

  explicit ReadLog(std::size_t most = 100'000) : most_(most) {}

  void count(const Reader& reader, Kind kind, domain::UnixMs now);
  /// Counts of windows of these accounts that have ended by `now`, taken out.
  std::vector<Counted> take_ended(domain::UnixMs now, const OfAccount& wanted = {});
  /// All counts of these accounts, of running windows too.
  std::vector<Counted> take_of(const OfAccount& wanted);
  /// All counts: at the end of the server.
  std::vector<Counted> take_all();
  /// What was taken out and could not be written, or was counted at another node.
  void put_back(const Counted& counted);

 private:
  struct Key {
    domain::Uuid account, actor;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return domain::UuidHash{}(key.account) * 31 + domain::UuidHash{}(key.actor);
    }
  };
  Counted& window_of(const Reader& reader, domain::UnixMs since);
  template <class Ended>
  std::vector<Counted> take(Ended ended);

  const std::size_t most_;
  std::mutex mutex_;
  boost::unordered_flat_map<Key, Counted, KeyHash> windows_;
};

}  // namespace countersign::commands
