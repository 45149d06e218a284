#pragma once
// The newest state that rests on durable frames: the views, and in front of them the batches that are on their way
// there. Of all partitions; no two of them have a row in common.
//
// Concurrency: any thread.

#include <atomic>
#include <memory>
#include <mutex>

#include "projections/views.h"

namespace countersign::commands {

class Published {
 public:
  explicit Published(projections::Views& views) : views_(views) {}

  /// The state as of the newest published batches.
  projections::ViewState reader() const { return {views_, unlanded()}; }
  projections::Views& views() const { return views_; }
  /// What `look(state)` finds, or nothing. What leaves one row for another is in neither for who reads the one before
  /// and the other after it: who finds nothing looks again, if something was published meanwhile.
  template <class Look>
  auto find(Look look) const {
    for (int looks = 1;; ++looks) {
      const auto before = published_.load(std::memory_order_acquire);
      auto found = look(reader());
      if (found || looks == most_looks || published_.load(std::memory_order_acquire) == before) return found;
    }
  }
  /// Newest first.
  projections::Overlays unlanded() const {
    const std::lock_guard lock(mutex_);
    return unlanded_;
  }

  /// Before it lands: who holds what was there before, and finds in the views what has landed since, sees by
  /// find() that he has to look again.
  void add(std::shared_ptr<const projections::Overlay> overlay) {
    const std::lock_guard lock(mutex_);
    published_.fetch_add(1, std::memory_order_release);
    unlanded_.insert(unlanded_.begin(), std::move(overlay));
  }
  void land(const std::shared_ptr<const projections::Overlay>& overlay) {
    views_.land(*overlay);
    const std::lock_guard lock(mutex_);
    std::erase(unlanded_, overlay);
  }

 private:
  static constexpr int most_looks = 8;
  projections::Views& views_;
  std::atomic<std::uint64_t> published_{0};  ///< overlays, so far
  mutable std::mutex mutex_;
  projections::Overlays unlanded_;
};

}  // namespace countersign::commands
