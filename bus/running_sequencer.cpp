#include "bus/running_sequencer.h"

#include <future>

namespace countersign::bus {

RunningSequencer::RunningSequencer(SequencerEnvironment environment, const SequencerLimits& limits,
                                   const AcceptanceState& recovered)
    : steps_(std::make_shared<ThreadExecutor>("sequencer")), landing_(std::make_shared<ThreadExecutor>("landing")) {
  environment.executor = steps_;
  environment.landing = landing_;
  sequencer_ = std::make_unique<Sequencer>(std::move(environment), limits, recovered);
}

RunningSequencer::~RunningSequencer() {
  steps_->stop();
  landing_->stop();
}

void RunningSequencer::stop(const std::string& successor) {
  std::promise<void> stopped;
  sequencer_->stop(successor, [&stopped] { stopped.set_value(); });
  stopped.get_future().wait();
}

}  // namespace countersign::bus
