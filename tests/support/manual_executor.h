#pragma once
// An executor that runs when told to, on its own clock.

#include <deque>
#include <map>

#include "bus/executor.h"

namespace countersign::testing {

class ManualExecutor final : public bus::Executor {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void post_after(std::chrono::milliseconds delay, std::function<void()> task) override {
    timers_.emplace(now_ + delay, std::move(task));
  }

  /// Everything that is due now.
  void run() {
    while (true) {
      if (tasks_.empty()) {
        if (timers_.empty() || timers_.begin()->first > now_) return;
        tasks_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      }
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  /// Lets time pass, running what becomes due on the way.
  void advance(std::chrono::milliseconds by) {
    const auto until = now_ + by;
    for (run(); !timers_.empty() && timers_.begin()->first <= until; run()) now_ = timers_.begin()->first;
    now_ = until;
    run();
  }

  std::chrono::milliseconds now() const { return now_; }

 private:
  std::chrono::milliseconds now_{0};
  std::deque<std::function<void()>> tasks_;
  std::multimap<std::chrono::milliseconds, std::function<void()>> timers_;
};

}  // namespace countersign::testing
