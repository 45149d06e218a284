#pragma once
// The simulator's time: one queue of what happens when, and executors whose tasks die with their node. Everything that
// looks random is drawn from the seed, so a seed is a run.

#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "bus/executor.h"

namespace countersign::sim {

/// xorshift64*: small, fast, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x123456789abcdef) {
    for (int i = 0; i < 4; ++i) next();
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  /// 0 .. bound-1
  std::uint64_t below(std::uint64_t bound) { return (next() >> 16) % bound; }
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }

 private:
  std::uint64_t state_;
};

using Micros = std::int64_t;

class EventQueue {
 public:
  void at(Micros when, std::function<void()> task) { events_.push({when, order_++, std::move(task)}); }
  void after(Micros delay, std::function<void()> task) { at(now_ + delay, std::move(task)); }
  Micros now() const { return now_; }

  /// Runs what happens until `end`, or until nothing does.
  void run_until(Micros end) {
    while (!events_.empty() && events_.top().when <= end) {
      auto task = std::move(const_cast<Event&>(events_.top()).task);
      now_ = events_.top().when;
      events_.pop();
      task();
    }
    now_ = end;
  }

 private:
  struct Event {
    Micros when;
    std::uint64_t order;
    std::function<void()> task;
    bool operator<(const Event& other) const { return when != other.when ? when > other.when : order > other.order; }
  };
  std::priority_queue<Event> events_;
  Micros now_ = 0;
  std::uint64_t order_ = 0;
};

/// One thread of a node: tasks in the order they were posted, each a little later than it might.
class SimExecutor final : public bus::Executor {
 public:
  SimExecutor(EventQueue& events, Random& random, Micros jitter) : events_(events), random_(random), jitter_(jitter) {}

  void post(std::function<void()> task) override {
    if (!*alive_) return;
    const Micros jittered = events_.now() + static_cast<Micros>(random_.below(static_cast<std::uint64_t>(jitter_) + 1));
    latest_ = std::max(latest_, jittered);
    schedule(latest_, std::move(task));
  }
  void post_after(std::chrono::milliseconds delay, std::function<void()> task) override {
    schedule(events_.now() + delay.count() * 1000, std::move(task));
  }
  /// Nothing more runs here.
  void kill() { *alive_ = false; }

 private:
  void schedule(Micros when, std::function<void()> task) {
    events_.at(when, [alive = alive_, task = std::move(task)] {
      if (*alive) task();
    });
  }

  EventQueue& events_;
  Random& random_;
  Micros jitter_;
  Micros latest_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace countersign::sim
