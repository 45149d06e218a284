#include "tests/sim/node.h"

namespace countersign::sim {

void Node::start(bool own) {
  ++life_;
  stopped_ = false;
  synced_views_ = views_;
  steps_ = std::make_shared<SimExecutor>(around_.events, around_.random, 300);
  folding_ = std::make_shared<SimExecutor>(around_.events, around_.random, around_.landing_jitter);
  disk_ = std::make_shared<SimExecutor>(around_.events, around_.random, 0);
  log_ = std::make_shared<bus::MemoryLog>(around_.partition, disk_, around_.faults);
  decider_ = std::make_unique<testing::RegistersDecider>(views_, around_.keys);
  decider_->events_per_batch = 1 + around_.random.below(8);
  bus::PartitionEnvironment env{
      .log = *log_,
      .decider = *decider_,
      .identity = around_.identity,
      .log_key = sim_log_key,
      .node = "node " + std::to_string(number_),
      .address = "",
      .clock = [this] { return bus::TimeMs{sim_epoch_ms + around_.events.now() / 1000 + clock_offset_ms}; },
      .steady_clock =
          [this] { return std::chrono::steady_clock::time_point(std::chrono::microseconds(around_.events.now())); },
      .random =
          [this](std::span<std::uint8_t> bytes) {
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(around_.random.next() >> 24);
          },
      .folding = folding_,
      .steps = steps_,
      .fold = [this](const bus::AcceptedRecord& record) { decider_->absorb(record); },
      .folded = [this](const bus::AcceptanceState& state) { be_shown(state); },
      .position = [this] { return views_.position; },
      .on_change =
          [this] {
            const auto status = partition_ ? partition_->status() : bus::PartitionStatus{};
            around_.trace("node " + std::to_string(number_) + ": role " +
                          std::to_string(static_cast<int>(status.role)) + ", phase " +
                          std::to_string(static_cast<int>(status.sequencer.phase)) + ", owner " + status.owner.node +
                          " " + status.trouble);
          }};
  partition_ = std::make_unique<bus::Partition>(std::move(env), around_.limits);
  decider_->on_visible = [this](bus::FrameNumber frame) { about_to_show(frame); };
  partition_->start();
  partition_->own(own);
}

void Node::be_shown(const bus::AcceptanceState& state) {
  about_to_show(state.last);
  decider_->absorbed(state);
}

void Node::about_to_show(bus::FrameNumber frame) {
  const std::string what = "node " + std::to_string(number_) + " shows frame " + std::to_string(value(frame));
  if (partition_->judged_frame() < frame) around_.wrong(what + " before it says that it may be seen");
  if (partition_->durable_frame() >= frame && decider_->newest_visible() < frame)
    around_.wrong(what + " after it has said that everybody sees it");
}

void Node::own(bool wanted) {
  if (up()) partition_->own(wanted);
}

void Node::crash(bool with_machine) {
  if (!up()) return;
  crashing_ = true;
  resolves += partition_->status().sequencer.resolves;
  steps_->kill();
  folding_->kill();
  if (with_machine) {
    log_->cut();
    disk_->kill();
    if (around_.random.chance(0.5)) views_ = synced_views_;
  }
  partition_.reset();
  decider_.reset();
  crashing_ = false;
}

void Node::stop() {
  partition_->stop("", [this] { stopped_ = true; });
}

}  // namespace countersign::sim
