#pragma once
// A sequencer with its threads: one runs its steps, one lands batches in the views. (An embedded log has its own
// third.)

#include "bus/sequencer.h"
#include "bus/thread_executor.h"

namespace countersign::bus {

class RunningSequencer {
 public:
  /// `environment` without its executors. The log and the decider must outlive this.
  RunningSequencer(SequencerEnvironment environment, const SequencerLimits& limits, const AcceptanceState& recovered);
  /// Without a stop() before, it ends as a crash would: nothing is drained or released.
  ~RunningSequencer();

  /// Drains, releases, and waits for it (at most give_up_after).
  void stop(const std::string& successor = {});

  Sequencer& operator*() { return *sequencer_; }
  Sequencer* operator->() { return sequencer_.get(); }

 private:
  std::shared_ptr<ThreadExecutor> steps_;
  std::shared_ptr<ThreadExecutor> landing_;
  std::unique_ptr<Sequencer> sequencer_;
};

}  // namespace countersign::bus
