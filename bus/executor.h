#pragma once
// Where the sequencer's steps run: one at a time, in the order they were posted. A thread in production
// (bus/thread_executor.h), a seeded event queue in the simulator.
//
// What it promises: a task runs at most once; tasks still waiting when the executor stops are dropped.

#include <chrono>
#include <functional>

namespace countersign::bus {

class Executor {
 public:
  virtual ~Executor() = default;
  /// From any thread.
  virtual void post(std::function<void()> task) = 0;
  /// From any thread. Runs the task once `delay` has passed, in no order with post().
  virtual void post_after(std::chrono::milliseconds delay, std::function<void()> task) = 0;
};

}  // namespace countersign::bus
