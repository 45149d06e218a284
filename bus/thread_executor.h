#pragma once
// An executor with a thread of its own. post() and post_after() are safe from any thread, also after stop(), when they
// drop the task. A task must not throw: std::terminate.

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "bus/executor.h"

namespace countersign::bus {

class ThreadExecutor final : public Executor {
 public:
  /// `name`: as operators see it in top and gdb, 15 characters at most.
  explicit ThreadExecutor(const char* name);
  ~ThreadExecutor() override;

  void post(std::function<void()> task) override;
  void post_after(std::chrono::milliseconds delay, std::function<void()> task) override;

  /// Ends the thread after its current task and joins it. Not from the thread itself.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace countersign::bus
