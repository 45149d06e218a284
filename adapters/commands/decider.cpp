#include "adapters/commands/decider.h"

namespace countersign::commands {

CommandDecider::CommandDecider(Published& published, keys::KeyStore& keys, RefusalLog& refusals, Locate locate,
                               std::uint32_t partition)
    : published_(published), writer_(keys, std::move(locate)), refusals_(refusals), partition_(partition) {}
CommandDecider::~CommandDecider() = default;

std::shared_ptr<bus::Batch> CommandDecider::begin(bus::TimeMs time) {
  // A batch that wanted nothing written has no frame to wait for.
  begun_.remove_if([](const auto& batch) { return batch->contents().empty(); });
  projections::Overlays earlier;
  for (const auto& batch : begun_) earlier.push_back(batch->overlay());
  const auto seen = published_.unlanded();
  earlier.insert(earlier.end(), seen.begin(), seen.end());
  auto batch =
      std::make_shared<CommandBatch>(published_.views(), writer_, refusals_, partition_, time, std::move(earlier));
  begun_.push_front(batch);
  return batch;
}

void CommandDecider::discard_unpublished() {
  begun_.clear();
}

void CommandDecider::publish(const std::shared_ptr<bus::Batch>& opaque, const bus::AcceptanceState& after) {
  const auto batch = std::static_pointer_cast<CommandBatch>(opaque);
  batch->overlay()->number_frame(after.last);
  batch->overlay()->position = after;
  begun_.remove(batch);
  published_.add(batch->overlay());
}

void CommandDecider::land(const std::shared_ptr<bus::Batch>& opaque) {
  published_.land(std::static_pointer_cast<CommandBatch>(opaque)->overlay());
}

}  // namespace countersign::commands
