#include "adapters/commands/decider.h"

namespace countersign::commands {

CommandDecider::CommandDecider(projections::Views& views, keys::KeyStore& keys, RefusalLog& refusals, Locate locate)
    : views_(views), writer_(keys, std::move(locate)), refusals_(refusals) {}
CommandDecider::~CommandDecider() = default;

projections::Overlays CommandDecider::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

projections::ViewState CommandDecider::reader() const {
  return {views_, published()};
}

std::shared_ptr<bus::Batch> CommandDecider::begin(bus::TimeMs time) {
  // A batch that wanted nothing written has no frame to wait for.
  begun_.remove_if([](const auto& batch) { return batch->contents().empty(); });
  projections::Overlays earlier;
  for (const auto& batch : begun_) earlier.push_back(batch->overlay());
  const auto seen = published();
  earlier.insert(earlier.end(), seen.begin(), seen.end());
  auto batch = std::make_shared<CommandBatch>(views_, writer_, refusals_, time, std::move(earlier));
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
  const std::lock_guard lock(mutex_);
  published_.insert(published_.begin(), batch->overlay());
}

void CommandDecider::land(const std::shared_ptr<bus::Batch>& opaque) {
  const auto batch = std::static_pointer_cast<CommandBatch>(opaque);
  views_.land(*batch->overlay());
  const std::lock_guard lock(mutex_);
  std::erase(published_, batch->overlay());
}

}  // namespace countersign::commands
