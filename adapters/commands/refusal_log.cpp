#include "adapters/commands/refusal_log.h"

namespace countersign::commands {
namespace {
constexpr domain::UnixMs minute = 60'000;
}

bool RefusalLog::first(domain::AccountId account, domain::EventType type, domain::Reason reason,
                       const std::optional<Source>& source, const std::string& ip, domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  Key key{account, type, reason, source.value_or(Source{})};
  auto it = counts_.find(key);
  const bool crowded = it == counts_.end() && counts_.size() >= most_;
  if (crowded) {
    key.source = {};
    it = counts_.find(key);
  }
  if (it == counts_.end()) {
    counts_[key] = {0, now, crowded ? std::string() : ip};
    return true;
  }
  ++it->second.beyond_first;
  return false;
}

std::vector<RefusalLog::Counted> RefusalLog::take_ended(domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  std::vector<Counted> ended;
  for (auto it = counts_.begin(); it != counts_.end();) {
    const auto& [key, count] = *it;
    if (now - count.window_start < minute) {
      ++it;
      continue;
    }
    if (count.beyond_first > 0) {
      const auto source = key.source == Source{} ? std::nullopt : std::optional(key.source);
      ended.push_back({key.account, key.type, key.reason, source, count.beyond_first, count.window_start, count.ip});
    }
    it = counts_.erase(it);
  }
  return ended;
}

}  // namespace countersign::commands
