#include "adapters/commands/session_activity.h"

#include <algorithm>

namespace countersign::commands {

void SessionActivity::seen(domain::AccountId account, domain::UserId user, domain::SessionId session,
                           domain::UnixMs logged, domain::UnixMs now) {
  auto& shard = shard_of(session);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.entries.find(session);
  if (it != shard.entries.end()) {
    it->second.at = std::max(it->second.at, now);
  } else if (shard.entries.size() < most_a_shard_) {
    shard.entries[session] = {account, user, now, logged};
  }
}

domain::UnixMs SessionActivity::last_seen(domain::SessionId session, domain::UnixMs logged) const {
  const auto& shard = shard_of(session);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.entries.find(session);
  return it == shard.entries.end() ? logged : std::max(logged, it->second.at);
}

std::vector<SessionActivity::Due> SessionActivity::take_due(domain::UnixMs now, std::size_t limit) {
  std::vector<Due> due;
  for (std::size_t n = 0; n < shard_count && due.size() < limit; ++n) {
    auto& shard = shards_[next_shard_];
    const std::lock_guard lock(shard.mutex);
    for (auto it = shard.entries.begin(); it != shard.entries.end() && due.size() < limit;) {
      auto& [session, entry] = *it;
      const bool fresh = entry.at - entry.logged >= quiet_ms;
      if (fresh) {
        due.push_back({entry.account, {entry.user, session, entry.at}, entry.logged});
        entry.logged = entry.at;
      }
      const auto here = it++;
      if (!fresh && now - entry.at >= 4 * quiet_ms) shard.entries.erase(here);
    }
    if (due.size() < limit) next_shard_ = (next_shard_ + 1) % shard_count;
  }
  return due;
}

void SessionActivity::put_back(const Due& due) {
  auto& shard = shard_of(due.seen.session);
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.entries.find(due.seen.session); it != shard.entries.end())
    it->second.logged = std::min(it->second.logged, due.logged_before);
}

}  // namespace countersign::commands
