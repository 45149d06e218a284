#include "adapters/keys/key_cache.h"

#include <algorithm>

namespace countersign::keys {

KeyCache::KeyCache(std::size_t capacity) : most_per_shard_(std::max<std::size_t>(1, capacity / shard_count)) {}

KeyCache::Entry* KeyCache::Shard::find(const Subject& subject) {
  const auto found = by_subject.find(subject);
  if (found == by_subject.end()) return nullptr;
  newest_first.splice(newest_first.begin(), newest_first, found->second);
  return &*found->second;
}

std::optional<Key> KeyCache::find(const Subject& subject) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  const Entry* const entry = shard.find(subject);
  return entry ? std::optional(entry->key) : std::nullopt;
}

std::shared_ptr<const domain::Personal> KeyCache::profile(const Subject& subject, domain::EventId sealed_by) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  const Entry* const entry = shard.find(subject);
  return entry && entry->sealed_by == sealed_by ? entry->profile : nullptr;
}

void KeyCache::keep_profile(const Subject& subject, domain::EventId sealed_by,
                            std::shared_ptr<const domain::Personal> profile) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  Entry* const entry = shard.find(subject);
  if (!entry) return;
  entry->sealed_by = sealed_by;
  entry->profile = std::move(profile);
}

void KeyCache::insert(const Subject& subject, const Key& key) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.by_subject.find(subject); found != shard.by_subject.end()) {
    found->second->key = key;
    return;
  }
  if (shard.newest_first.size() >= most_per_shard_) {
    shard.by_subject.erase(shard.newest_first.back().subject);
    shard.newest_first.pop_back();
  }
  shard.newest_first.push_front({subject, key, {}, nullptr});
  shard.by_subject.emplace(subject, shard.newest_first.begin());
}

void KeyCache::erase(const Subject& subject) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_subject.find(subject);
  if (found == shard.by_subject.end()) return;
  shard.newest_first.erase(found->second);
  shard.by_subject.erase(found);
}

std::size_t KeyCache::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.newest_first.size();
  }
  return total;
}

}  // namespace countersign::keys
