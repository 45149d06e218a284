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
    it->second.logged = std::max(it->second.logged, logged);  // perhaps by another node
  } else if (shard.entries.size() < most_a_shard_) {
    shard.entries[session] = {.account = account, .user = user, .at = now, .logged = logged};
  }
}

domain::UnixMs SessionActivity::last_seen(domain::SessionId session, domain::UnixMs logged) const {
  const auto& shard = shard_of(session);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.entries.find(session);
  return it == shard.entries.end() ? logged : std::max(logged, it->second.at);
}

std::vector<SessionActivity::Due> SessionActivity::take_due(domain::UnixMs now, std::size_t limit,
                                                            const OfAccount& wanted) {
  std::vector<Due> due;
  for (std::size_t n = 0; n < shard_count && due.size() < limit; ++n) {
    auto& shard = shards_[next_shard_];
    const std::lock_guard lock(shard.mutex);
    for (auto it = shard.entries.begin(); it != shard.entries.end() && due.size() < limit;) {
      auto& [session, entry] = *it;
      const bool fresh = entry.at - entry.logged >= quiet_ms;
      const bool mine = !fresh || holds(wanted, entry.account);
      if (fresh && mine) {
        due.push_back({entry.account, {entry.user, session, entry.at}, entry.logged});
        entry.logged = entry.at;
      }
      const auto here = it++;
      const bool done = mine ? !fresh : !entry.untold();
      if (done && now - entry.at >= 4 * quiet_ms) shard.entries.erase(here);
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

std::vector<SessionActivity::Due> SessionActivity::take_untold(domain::UnixMs now, const OfAccount& wanted) {
  std::vector<Due> untold;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto& [session, entry] : shard.entries) {
      if (!entry.untold() || now - entry.told < tell_every_ms || !holds(wanted, entry.account)) continue;
      entry.told = entry.at;
      untold.push_back({entry.account, {entry.user, session, entry.at}, entry.logged});
    }
  }
  return untold;
}

void SessionActivity::tell_again(const OfAccount& wanted) {
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto& [session, entry] : shard.entries)
      if (holds(wanted, entry.account)) entry.told = 0;
  }
}

}  // namespace countersign::commands
