#include "adapters/commands/attempt_limits.h"

#include <algorithm>
#include <cmath>

namespace countersign::commands {
namespace {

constexpr domain::UnixMs minute = 60'000;
constexpr double codes = 819'628'286'980'801.0;  // 31^10
constexpr double minutes_a_week = 7 * 24 * 60;

template <class Window>
void roll(Window& window, domain::UnixMs now) {
  if (now - window.start >= minute) window = {now, 0};
}

}  // namespace

std::uint64_t AttemptLimits::slot_budget(std::uint64_t setting, std::uint64_t open_codes) {
  if (setting == 0 || open_codes == 0) return setting;
  // P(a guess a minute for a week hits) = guesses x open / 31^10 <= 1e-4
  const double most = 1e-4 * codes / minutes_a_week / static_cast<double>(open_codes);
  return std::max<std::uint64_t>(1, std::min(setting, static_cast<std::uint64_t>(most)));
}

AttemptLimits::Window& AttemptLimits::window_of(const Source& source, domain::UnixMs now) {
  const auto it = sources_.find(source);
  if (it != sources_.end()) return it->second;
  if (sources_.size() >= most_sources_)
    std::erase_if(sources_, [&](const auto& s) { return now - s.second.start >= minute; });
  if (sources_.size() >= most_sources_) return others_;
  return sources_[source];
}

std::int64_t AttemptLimits::wait_ms(const Source& source, std::uint16_t slot, std::uint64_t open_codes,
                                    domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  if (settings_.failures_per_source > 0) {
    const auto it = sources_.find(source);
    auto& window = it != sources_.end() ? it->second : others_;
    roll(window, now);
    if (window.failures >= settings_.failures_per_source) return window.start + minute - now;
  }
  if (settings_.failures_per_account > 0) {
    const auto it = slots_.find(slot);
    if (it == slots_.end()) return 0;
    roll(it->second, now);
    if (it->second.failures >= slot_budget(settings_.failures_per_account, open_codes))
      return it->second.start + minute - now;
  }
  return 0;
}

void AttemptLimits::failed(const Source& source, std::uint16_t slot, domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  for (auto* window : {&window_of(source, now), &slots_[slot]}) {
    roll(*window, now);
    ++window->failures;
  }
}

}  // namespace countersign::commands
