#include "bus/landing.h"

#include <exception>
#include <string>
#include <vector>

#include "bus/planted.h"

namespace countersign::bus {

void LandedMark::judge(FrameNumber number) {
  auto before = judged_.load(std::memory_order_relaxed);
  while (before < value(number) && !judged_.compare_exchange_weak(before, value(number), std::memory_order_release)) {
  }
}

void LandedMark::when(FrameNumber number, Waiter waiter) {
  boost::system::error_code error;
  {
    const std::lock_guard lock(mutex_);
    if (landed() < number) {
      if (!closed_) {
        waiters_.emplace(value(number), std::move(waiter));
        return;
      }
      error = closed_;
    }
  }
  waiter(error);
}

void LandedMark::advance(FrameNumber landed) {
  std::vector<Waiter> ready;
  {
    const std::lock_guard lock(mutex_);
    if (value(landed) <= landed_.load(std::memory_order_relaxed)) return;
    landed_.store(value(landed), std::memory_order_release);
    const auto end = waiters_.upper_bound(value(landed));
    for (auto waiter = waiters_.begin(); waiter != end; ++waiter) ready.push_back(std::move(waiter->second));
    waiters_.erase(waiters_.begin(), end);
  }
  for (auto& waiter : ready) waiter({});
}

void LandedMark::close(boost::system::error_code error) {
  std::multimap<std::uint64_t, Waiter> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = error;
    left.swap(waiters_);
  }
  for (auto& [number, waiter] : left) waiter(error);
}

Landing::Landing(const Limits& limits, std::shared_ptr<Executor> executor, std::shared_ptr<LandedMark> mark,
                 std::function<void(std::size_t)> landed, std::function<void(std::string)> failed)
    : limits_(limits),
      executor_(std::move(executor)),
      mark_(std::move(mark)),
      landed_(std::move(landed)),
      failed_(std::move(failed)) {}

bool Landing::has_room(std::size_t coming) const {
  return (batches_ + coming < limits_.batches && bytes_ < limits_.bytes) || planted(Bug::unbounded_landing);
}

void Landing::add(FrameNumber number, std::size_t bytes, std::function<void()> land) {
  ++batches_;
  bytes_ += bytes;
  executor_->post(
      [number, bytes, land = std::move(land), mark = mark_, landed = landed_, failed = failed_, broken = broken_] {
        if (*broken) return;
        try {
          land();
        } catch (const std::exception& error) {
          *broken = true;
          failed(error.what());
          return;
        }
        mark->advance(number);
        landed(bytes);
      });
}

void Landing::finished(std::size_t bytes) {
  --batches_;
  bytes_ -= bytes;
}

void Landing::close(boost::system::error_code error) {
  executor_->post([mark = mark_, error] { mark->close(error); });
}

}  // namespace countersign::bus
