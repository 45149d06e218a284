#pragma once
// The newest state that rests on durable frames: the views, and in front of them the batches that are on their way
// there. Of all partitions; no two of them have a row in common.
//
// Concurrency: any thread.

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
  /// Newest first.
  projections::Overlays unlanded() const {
    const std::lock_guard lock(mutex_);
    return unlanded_;
  }

  void add(std::shared_ptr<const projections::Overlay> overlay) {
    const std::lock_guard lock(mutex_);
    unlanded_.insert(unlanded_.begin(), std::move(overlay));
  }
  void land(const std::shared_ptr<const projections::Overlay>& overlay) {
    views_.land(*overlay);
    const std::lock_guard lock(mutex_);
    std::erase(unlanded_, overlay);
  }

 private:
  projections::Views& views_;
  mutable std::mutex mutex_;
  projections::Overlays unlanded_;
};

}  // namespace countersign::commands
