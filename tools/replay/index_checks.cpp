#include "tools/replay/index_checks.h"

#include <stdexcept>

namespace countersign::replay {

using projections::Segment;

IndexChecks::IndexChecks(const std::filesystem::path& index_directory, std::size_t segment_events)
    : segment_events_(segment_events) {
  if (!std::filesystem::exists(index_directory / "CURRENT")) return;  // it is derived: a server builds it when it likes
  try {
    store_.emplace(projections::SegmentStore::read_only(index_directory.string()));
  } catch (const std::runtime_error& error) {
    unchecked_ = error.what();
  }
}

std::string IndexChecks::take(const domain::EventView& event) {
  if (!store_) return {};
  auto& [segment, number, stored] = accounts_[event.account()];
  if (!segment) {
    stored = store_->count(event.account());
    segment = std::make_unique<Segment>(event.sequence(), segment_events_);
  }
  if (number >= stored) return {};
  segment->append(projections::indexed(event));
  if (!segment->full()) return {};
  segment->freeze();
  const auto found = store_->get(event.account(), number);
  if (!found || *found != segment->encode())
    return "segment " + std::to_string(number) + " of the event index of " + account_text(event.account()) +
           (found ? " differs from the one that its events make" : " is missing") +
           ": stop the server and remove index/, which is built again";
  ++compared_;
  ++number;
  segment = std::make_unique<Segment>(event.sequence() + 1, segment_events_);
  return {};
}

std::string IndexChecks::finish() const {
  for (const auto& [account, growing] : accounts_)
    if (growing.number < growing.stored)
      return "the event index of " + account_text(account) + " has " + std::to_string(growing.stored) +
             " segments, and the log has events for " + std::to_string(growing.number) +
             ": stop the server and remove index/, which is built again";
  return {};
}

}  // namespace countersign::replay
