#pragma once
// The bounded queue before a sequencer: two lanes, first come first served in each.
//
// Concurrency: push() and depth() from any thread; the rest from the sequencer's. Limits: per lane; work that is put
// back for another decision is not counted against them.

#include <array>
#include <deque>
#include <mutex>
#include <vector>

#include "bus/work.h"

namespace countersign::bus {

class WorkQueue {
 public:
  struct Limits {
    std::size_t interactive = 16384;
    std::size_t bulk = 64;
  };
  explicit WorkQueue(const Limits& limits) : limits_(limits) {}

  enum class Pushed { first, behind_others, full, closed };
  /// Takes `work` unless full or closed. `first`: the queue was empty, so somebody has to wake the sequencer.
  Pushed push(std::unique_ptr<Work>& work);

  /// What one batch may run, in order: up to `most` interactive works, and one bulk work behind them if no interactive
  /// work is left waiting.
  std::vector<std::unique_ptr<Work>> take(std::size_t most);
  /// Puts works back at the front of their lanes, in order.
  void put_back(std::vector<std::unique_ptr<Work>> works);

  /// From now on push() refuses.
  void close();
  /// All that waits, in order.
  std::vector<std::unique_ptr<Work>> take_all();

  bool empty() const { return depth() == 0; }
  std::size_t depth() const;

 private:
  using WorkLane = std::deque<std::unique_ptr<Work>>;
  WorkLane& lane(const Work& work) { return lanes_[static_cast<std::size_t>(work.lane())]; }

  const Limits limits_;
  mutable std::mutex mutex_;
  std::array<WorkLane, 2> lanes_;
  bool closed_ = false;
};

}  // namespace countersign::bus
