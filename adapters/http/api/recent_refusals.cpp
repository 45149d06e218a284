#include "adapters/http/api/recent_refusals.h"

namespace countersign::http {

void RecentRefusals::note(const domain::Uuid& correlation, const Refused& refused) {
  const std::lock_guard lock(mutex_);
  if (const auto [it, fresh] = refused_.try_emplace(correlation, refused); !fresh) {
    it->second = refused;
    return;
  }
  if (ring_.size() < most_) {
    ring_.push_back(correlation);
    return;
  }
  refused_.erase(ring_[oldest_]);
  ring_[oldest_] = correlation;
  oldest_ = (oldest_ + 1) % most_;
}

std::optional<RecentRefusals::Refused> RecentRefusals::find(domain::AccountId account,
                                                            const domain::Uuid& correlation) const {
  const std::lock_guard lock(mutex_);
  const auto it = refused_.find(correlation);
  if (it == refused_.end() || it->second.account != account) return std::nullopt;
  return it->second;
}

}  // namespace countersign::http
