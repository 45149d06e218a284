#include "adapters/commands/refusal_log.h"

namespace countersign::commands {
namespace {
constexpr domain::UnixMs minute_ms = 60'000;
}

RefusalLog::Minute& RefusalLog::minute_of(const Refused& refused, domain::UnixMs start) {
  const bool any_reason = refused.type == domain::EventType::registration_code_redemption_refused;
  Key key{refused.account,
          refused.type,
          any_reason ? domain::Reason::none : refused.reason,
          refused.source.value_or(Source{}),
          refused.subject.id,
          refused.actor.id};
  auto it = minutes_.find(key);
  const bool crowded = it == minutes_.end() && minutes_.size() >= most_;
  if (crowded) {
    key.source = {};
    key.subject = key.actor = {};
    it = minutes_.find(key);
  }
  if (it == minutes_.end()) {
    it = minutes_.try_emplace(key).first;
    it->second.start = start;
    if (!crowded) {
      it->second.ip = refused.ip;
      it->second.actor = refused.actor;
      it->second.subject = refused.subject;
    }
  }
  return it->second;
}

bool RefusalLog::first(const Refused& refused, domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  auto& minute = minute_of(refused, now);
  if (!minute.wrote_first) return minute.wrote_first = true;
  ++minute.beyond_first[refused.reason];
  return false;
}

void RefusalLog::count(const Refused& refused, domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  ++minute_of(refused, now).beyond_first[refused.reason];
}

template <class Ended>
std::vector<RefusalLog::Counted> RefusalLog::take(Ended ended) {
  const std::lock_guard lock(mutex_);
  std::vector<Counted> taken;
  for (auto it = minutes_.begin(); it != minutes_.end();) {
    const auto& [key, minute] = *it;
    if (!ended(key.account, minute)) {
      ++it;
      continue;
    }
    const auto source = key.source == Source{} ? std::nullopt : std::optional(key.source);
    for (const auto& [reason, count] : minute.beyond_first)
      taken.push_back(
          {{key.account, key.type, reason, source, minute.ip, minute.actor, minute.subject}, count, minute.start});
    it = minutes_.erase(it);
  }
  return taken;
}

std::vector<RefusalLog::Counted> RefusalLog::take_ended(domain::UnixMs now, const OfAccount& wanted) {
  return take([&](domain::AccountId account, const Minute& minute) {
    return now - minute.start >= minute_ms && holds(wanted, account);
  });
}

std::vector<RefusalLog::Counted> RefusalLog::take_of(const OfAccount& wanted) {
  return take([&](domain::AccountId account, const Minute&) { return holds(wanted, account); });
}

std::vector<RefusalLog::Counted> RefusalLog::take_all() {
  return take_of({});
}

void RefusalLog::put_back(const Counted& counted) {
  const std::lock_guard lock(mutex_);
  minute_of(counted.refused, counted.window_start).beyond_first[counted.refused.reason] += counted.count;
}

}  // namespace countersign::commands
