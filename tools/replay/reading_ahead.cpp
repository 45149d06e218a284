#include "tools/replay/reading_ahead.h"

#include <utility>

namespace countersign::replay {

ReadingAhead::ReadingAhead(AuditedLog& log) : thread_([this, &log] { read(log); }) {}

ReadingAhead::~ReadingAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadingAhead::read(AuditedLog& log) {
  std::exception_ptr failed;
  Batch batch;
  try {
    std::size_t bytes = 0;
    for (Step step; log.read(step);) {
      bytes += step.at.bytes.size();
      batch.push_back(std::move(step));
      if (bytes < batch_bytes) continue;
      if (!hand_over(std::exchange(batch, {}))) return;
      bytes = 0;
    }
  } catch (...) {
    failed = std::current_exception();
  }
  if (!batch.empty() && !hand_over(std::move(batch))) return;
  {
    const std::lock_guard lock(mutex_);
    failed_ = failed;
    ended_ = true;
  }
  changed_.notify_all();
}

/// False: nobody wants it any more.
bool ReadingAhead::hand_over(Batch batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || waiting_.size() < most_waiting; });
  if (stopping_) return false;
  waiting_.push_back(std::move(batch));
  lock.unlock();
  changed_.notify_all();
  return true;
}

const Step* ReadingAhead::next() {
  if (at_ < batch_.size()) return &batch_[at_++];
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
  if (waiting_.empty()) {
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    return nullptr;
  }
  batch_ = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  changed_.notify_all();
  at_ = 1;
  return &batch_.front();
}

}  // namespace countersign::replay
