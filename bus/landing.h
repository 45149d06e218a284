#pragma once
// The way of durable batches into the views, behind the answers: how much is under way, how far it has come, who waits.
//
// LandedMark is shared by both threads and by readers. Landing belongs to the sequencer's thread and hands each step to
// the landing executor, in order.

#include <atomic>
#include <boost/system/error_code.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "bus/executor.h"
#include "bus/position.h"

namespace countersign::bus {

class LandedMark {
 public:
  using Waiter = std::function<void(boost::system::error_code)>;
  explicit LandedMark(FrameNumber landed) : judged_(value(landed)), landed_(value(landed)) {}

  /// No reader sees a frame beyond this one yet. To be told before any may.
  FrameNumber judged() const { return FrameNumber{judged_.load(std::memory_order_acquire)}; }
  void judge(FrameNumber number);

  FrameNumber landed() const { return FrameNumber{landed_.load(std::memory_order_acquire)}; }
  /// Calls `waiter` once: at once on this thread if the views hold frame `number` already, else on the landing thread
  /// when they do, or with the error that ended the partition before.
  void when(FrameNumber number, Waiter waiter);

  void advance(FrameNumber landed);
  void close(boost::system::error_code error);

 private:
  std::atomic<std::uint64_t> judged_, landed_;
  std::mutex mutex_;
  std::multimap<std::uint64_t, Waiter> waiters_;
  boost::system::error_code closed_;
};

class Landing {
 public:
  struct Limits {
    std::size_t batches = 4;
    std::size_t bytes = 16 << 20;
  };
  /// `landed` is told on the sequencer's thread after each step, `failed` instead when the step threw.
  Landing(const Limits& limits, std::shared_ptr<Executor> executor, std::shared_ptr<LandedMark> mark,
          std::function<void(std::size_t bytes)> landed, std::function<void(std::string text)> failed);

  /// Another batch may be begun, with `coming` begun and not yet published.
  bool has_room(std::size_t coming) const;
  bool idle() const { return batches_ == 0; }
  bool is_broken() const { return *broken_; }
  std::size_t batches() const { return batches_; }

  void add(FrameNumber number, std::size_t bytes, std::function<void()> land);
  /// The sequencer's thread, once per step that landed.
  void finished(std::size_t bytes);
  /// Ends waiting once everything added has been tried.
  void close(boost::system::error_code error);

 private:
  const Limits limits_;
  std::shared_ptr<Executor> executor_;
  std::shared_ptr<LandedMark> mark_;
  std::function<void(std::size_t)> landed_;
  std::function<void(std::string)> failed_;
  std::size_t batches_ = 0;
  std::size_t bytes_ = 0;
  /// A step threw: none may land behind it, or the views would have a hole.
  std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace countersign::bus
