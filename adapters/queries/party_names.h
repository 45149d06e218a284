#pragma once
// What the parties of an account's events are called now, folded for searches without regard to case: the answer to
// "who is meant by these letters". In RAM only, made from the event index and opened seals; whoever asks first brings
// it up to date.
//
// Limits: `most_names` over all accounts; beyond, accounts asked for least lately are forgotten, and made again when
// somebody asks. An account whose own names are more is kept as long as it is the one asked for.
// Erasure: forget() at once; and every find() takes in the user.erased events before it answers.
// Concurrency: any thread; searches in one account wait for each other.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <mutex>

#include "adapters/queries/event_filter.h"
#include "adapters/queries/event_rendering.h"
#include "projections/index/event_index.h"

namespace countersign::queries {

class PartyNames {
 public:
  explicit PartyNames(std::size_t most_names = 2'000'000) : most_names_(most_names) {}

  /// The parties whose name has `words`, folded, in it. `renderer` must see a state at least as new as the reading.
  std::shared_ptr<const PartySet> find(domain::AccountId account, const projections::EventIndex::Reading& reading,
                                       EventRenderer& renderer, std::string_view words);
  /// Drops the names of a person and of what was hers.
  void forget(domain::AccountId account, domain::UserId user);
  /// How many are held.
  std::size_t size() const;

 private:
  struct Name {
    std::string folded;
    domain::Uuid owner;  ///< of a device: its user
  };
  struct Account {
    std::mutex mutex;
    std::uint64_t seen = 0;  ///< up to this sequence all parties are here
    boost::unordered_flat_map<projections::IndexValue, Name, projections::IndexValueHash> names;
    std::uint64_t used = 0;  ///< guarded by the class's mutex, as is `size`
    std::size_t size = 0;
  };
  class CatchingUp;

  std::shared_ptr<Account> account(domain::AccountId id);
  void note_size(domain::AccountId id, std::size_t size);

  const std::size_t most_names_;
  mutable std::mutex mutex_;
  std::unordered_map<domain::AccountId, std::shared_ptr<Account>, domain::UuidHash> accounts_;
  std::uint64_t uses_ = 0;
};

}  // namespace countersign::queries
