#pragma once
// A partition with its threads: one follows the log and lands batches in the views, one runs the sequencer's steps. (An
// embedded log has its own third.)

#include <condition_variable>

#include "bus/partition.h"
#include "bus/thread_executor.h"

namespace countersign::bus {

class RunningPartition {
 public:
  /// `environment` without its executors. The log and the decider must outlive this.
  RunningPartition(PartitionEnvironment environment, const PartitionLimits& limits);
  /// Without a stop() before, it ends as a crash would: nothing is drained or released.
  ~RunningPartition();

  /// Follows, and waits until it has come to the log's end and claims: work is taken from then on. False: not within
  /// `patience`; status() may say why.
  bool own(std::chrono::milliseconds patience = std::chrono::seconds(20));
  /// Drains, releases, and waits for it (at most SequencerLimits::give_up_after).
  void stop(const std::string& successor = {});

  Partition& operator*() { return *partition_; }
  Partition* operator->() { return partition_.get(); }

 private:
  struct Changes {
    std::mutex mutex;
    std::condition_variable condition;
  };
  std::shared_ptr<Changes> changes_ = std::make_shared<Changes>();
  std::shared_ptr<ThreadExecutor> folding_, steps_;
  std::unique_ptr<Partition> partition_;
};

}  // namespace countersign::bus
