#pragma once
// The stored segments of the event index against segments built again from the events of the log, byte for byte.
//
// Concurrency: one thread. Memory: one growing segment an account, seven megabytes at most.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "projections/index/segment.h"
#include "projections/index/segment_store.h"

namespace countersign::replay {

class IndexChecks {
 public:
  /// `segment_events`: of a full one, as the server makes them.
  explicit IndexChecks(const std::filesystem::path& index_directory,
                       std::size_t segment_events = projections::Segment::most_events);

  /// The next event; an account's come in the order of their sequence. Empty, or what is wrong now.
  std::string take(const domain::EventView& event);
  /// After the last event: an index that knows more than the log. Empty, or what is wrong.
  std::string finish() const;

  std::uint64_t segments() const { return compared_; }
  /// Why nothing was compared; empty when it was.
  const std::string& unchecked() const { return unchecked_; }

 private:
  struct Growing {
    std::unique_ptr<projections::Segment> segment;
    std::size_t number = 0, stored = 0;
  };
  const std::size_t segment_events_;
  std::optional<projections::SegmentStore> store_;
  std::map<domain::AccountId, Growing> accounts_;
  std::uint64_t compared_ = 0;
  std::string unchecked_;
};

}  // namespace countersign::replay
