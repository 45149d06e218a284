#include "adapters/keys/key_cache.h"

#include <algorithm>

namespace countersign::keys {

KeyCache::KeyCache(std::size_t capacity) : most_per_shard_(std::max<std::size_t>(1, capacity / shard_count)) {}

std::optional<Key> KeyCache::find(const Subject& subject) {
  Shard& shard = shard_of(subject);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_subject.find(subject);
  if (found == shard.by_subject.end()) return std::nullopt;
  shard.newest_first.splice(shard.newest_first.begin(), shard.newest_first, found->second);
  return found->second->key;
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
  shard.newest_first.push_front({subject, key});
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
