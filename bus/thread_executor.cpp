#include "bus/thread_executor.h"

#include <pthread.h>

namespace countersign::bus {

ThreadExecutor::ThreadExecutor(const char* name) : thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), name);
}

ThreadExecutor::~ThreadExecutor() {
  stop();
}

void ThreadExecutor::post(std::function<void()> task) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    wake = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (wake) wake_.notify_one();
}

void ThreadExecutor::post_after(std::chrono::milliseconds delay, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    timers_.emplace(Clock::now() + delay, std::move(task));
  }
  wake_.notify_one();
}

void ThreadExecutor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  // Tasks hold what they were bound to: let go of it here, where no other thread can be inside them.
  tasks_.clear();
  timers_.clear();
}

void ThreadExecutor::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
      tasks_.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
    } else if (tasks_.empty()) {
      if (timers_.empty()) {
        wake_.wait(lock);
      } else {
        const auto until = timers_.begin()->first;
        wake_.wait_until(lock, until);
      }
    } else {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }
}

}  // namespace countersign::bus
