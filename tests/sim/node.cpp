#include "tests/sim/node.h"

#include "bus/frame_reader.h"

namespace countersign::sim {

void Node::start() {
  ++life_;
  steps_ = std::make_shared<SimExecutor>(around_.events, around_.random, 300);
  landing_ = std::make_shared<SimExecutor>(around_.events, around_.random, around_.landing_jitter);
  disk_ = std::make_shared<SimExecutor>(around_.events, around_.random, 0);
  log_ = std::make_shared<bus::MemoryLog>(around_.partition, disk_, around_.faults);
  bus::AcceptanceState recovered;
  if (!recover(recovered)) return;
  decider_ = std::make_unique<testing::RegistersDecider>(views_, around_.keys);
  decider_->events_per_batch = 1 + around_.random.below(8);
  bus::SequencerEnvironment env{
      *log_,
      *decider_,
      around_.identity,
      sim_log_key,
      "node " + std::to_string(number_),
      "",
      [this] { return bus::TimeMs{sim_epoch_ms + around_.events.now() / 1000 + clock_offset_ms}; },
      [this](std::span<std::uint8_t> bytes) {
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(around_.random.next() >> 24);
      },
      steps_,
      landing_,
      [this](const bus::AcceptedRecord& record) { decider_->absorb(record); },
      [this](bus::SequencerPhase phase, const std::string& text) {
        around_.trace("node " + std::to_string(number_) + " is in phase " + std::to_string(static_cast<int>(phase)) +
                      " " + text);
      }};
  sequencer_ = std::make_unique<bus::Sequencer>(std::move(env), around_.limits, recovered);
  sequencer_->start();
}

bool Node::recover(bus::AcceptanceState& state) {
  bus::FrameReader reader(*log_, around_.identity, sim_log_key, views_.position);
  while (true) {
    const auto read = reader.next_frame();
    if (read.has_error()) return false;
    if (*read == nullptr) break;
    testing::fold_frame(views_.rows, *(*read)->frame());
    views_.position = (*read)->after;
  }
  synced_views_ = views_;
  state = reader.state();
  around_.trace("node " + std::to_string(number_) + " recovered up to frame " + std::to_string(value(state.last)));
  return true;
}

void Node::crash(bool with_machine) {
  if (!up()) return;
  crashing_ = true;
  resolves += sequencer_->status().resolves;
  steps_->kill();
  landing_->kill();
  if (with_machine) {
    log_->cut();
    disk_->kill();
    if (around_.random.chance(0.5)) views_ = synced_views_;
  }
  sequencer_.reset();
  decider_.reset();
  crashing_ = false;
}

void Node::stop() {
  sequencer_->stop("", [] {});
}

}  // namespace countersign::sim
