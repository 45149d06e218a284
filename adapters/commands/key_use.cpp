#include "adapters/commands/key_use.h"

#include <mutex>

namespace countersign::commands {
namespace {

void raise(std::atomic<domain::UnixMs>& at, domain::UnixMs to) {
  auto known = at.load(std::memory_order_relaxed);
  while (known < to && !at.compare_exchange_weak(known, to, std::memory_order_relaxed)) {
  }
}

}  // namespace

void KeyUse::note(const Used& used) {
  {
    const std::shared_lock lock(mutex_);
    const auto it = used_.find(used.key);
    if (it != used_.end()) return raise(it->second.at, used.at);
  }
  const std::unique_lock lock(mutex_);
  if (used_.size() >= most_ && !used_.contains(used.key)) return;
  auto& use = used_[used.key];
  use.account = used.account;
  raise(use.at, used.at);
}

domain::UnixMs KeyUse::last(domain::ApiKeyId key) const {
  const std::shared_lock lock(mutex_);
  const auto it = used_.find(key);
  return it == used_.end() ? 0 : it->second.at.load(std::memory_order_relaxed);
}

std::vector<KeyUse::Used> KeyUse::take_untold(domain::UnixMs now, const OfAccount& wanted) {
  std::vector<Used> untold;
  const std::shared_lock lock(mutex_);
  for (auto& [key, use] : used_) {
    const auto at = use.at.load(std::memory_order_relaxed);
    if (at <= use.told || now - use.told < tell_every_ms || !holds(wanted, use.account)) continue;
    use.told = at;
    untold.push_back({use.account, key, at});
  }
  return untold;
}

void KeyUse::tell_again(const OfAccount& wanted) {
  const std::shared_lock lock(mutex_);
  for (auto& [key, use] : used_)
    if (holds(wanted, use.account)) use.told = 0;
}

}  // namespace countersign::commands
