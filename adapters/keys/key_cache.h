#pragma once
// Subject keys that were needed lately, in RAM: least recently used goes first and is overwritten. With a key its
// subject's profile can be kept as it was opened, and goes when the key goes. Sharded, so that readers on many threads
// seldom wait for each other.
//
// Limits: `capacity` keys at most (about 150 bytes each, and a profile some 600 more).

#include <boost/unordered/unordered_flat_map.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/keys/secret_key.h"
#include "domain/event.h"

namespace countersign::keys {

struct Subject {
  domain::AccountId account;
  domain::UserId user;
  auto operator<=>(const Subject&) const = default;
};

struct SubjectHash {
  std::size_t operator()(const Subject& subject) const { return domain::UuidHash{}(subject.user); }
};

class KeyCache {
 public:
  explicit KeyCache(std::size_t capacity);

  std::optional<Key> find(const Subject& subject);
  void insert(const Subject& subject, const Key& key);
  /// The profile that this event sealed, if it was kept.
  std::shared_ptr<const domain::Personal> profile(const Subject& subject, domain::EventId sealed_by);
  /// Kept only if the key is here: whoever has been erased meanwhile stays forgotten.
  void keep_profile(const Subject& subject, domain::EventId sealed_by, std::shared_ptr<const domain::Personal> profile);
  void erase(const Subject& subject);
  std::size_t size() const;

 private:
  struct Entry {
    Subject subject;
    Key key;
    domain::EventId sealed_by;
    std::shared_ptr<const domain::Personal> profile;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> newest_first;
    boost::unordered_flat_map<Subject, std::list<Entry>::iterator, SubjectHash> by_subject;

    Entry* find(const Subject& subject);
  };
  static constexpr std::size_t shard_count = 16;

  Shard& shard_of(const Subject& subject) { return shards_[SubjectHash{}(subject) % shard_count]; }

  std::size_t most_per_shard_;
  std::vector<Shard> shards_{shard_count};
};

}  // namespace countersign::keys
