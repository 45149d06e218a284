#include "bus/running_partition.h"

#include <future>

namespace countersign::bus {

RunningPartition::RunningPartition(PartitionEnvironment environment, const PartitionLimits& limits)
    : folding_(std::make_shared<ThreadExecutor>("partition")), steps_(std::make_shared<ThreadExecutor>("sequencer")) {
  environment.folding = folding_;
  environment.steps = steps_;
  environment.on_change = [changes = changes_, told = std::move(environment.on_change)] {
    { const std::lock_guard lock(changes->mutex); }
    changes->condition.notify_all();
    if (told) told();
  };
  partition_ = std::make_unique<Partition>(std::move(environment), limits);
}

RunningPartition::~RunningPartition() {
  steps_->stop();
  folding_->stop();
}

bool RunningPartition::own(std::chrono::milliseconds patience) {
  partition_->start();
  partition_->own(true);
  std::unique_lock lock(changes_->mutex);
  changes_->condition.wait_for(lock, patience, [this] {
    const auto status = partition_->status();
    return status.role != PartitionRole::following;
  });
  return partition_->owns();
}

void RunningPartition::stop(const std::string& successor) {
  std::promise<void> stopped;
  partition_->stop(successor, [&stopped] { stopped.set_value(); });
  stopped.get_future().wait();
}

}  // namespace countersign::bus
