#pragma once
// Verifying by deriving again: every record's HMAC and place in the chain; every event's schema and meaning, time,
// sequence and seal; the heads that were signed; the segments of the event index and the views against those made again
// from the events. Names the first thing that is wrong, and what could not be checked.

#include <optional>
#include <string>
#include <vector>

#include "projections/index/segment.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

struct Verified {
  std::uint64_t records = 0, frames = 0, events = 0, accounts = 0;
  std::uint64_t superseded = 0;        ///< records of writers that had lost the log: harmless
  std::uint64_t noise = 0;             ///< records of strangers, and repeats, in a cluster's topic
  std::string head;                    ///< hash over everything accepted, as hex
  std::optional<std::string> wrong;    ///< the first thing that is
  std::vector<std::string> unchecked;  ///< what could not be checked, and why
  bool views_equal = false;
  std::size_t signed_heads = 0;      ///< heads that were signed and are heads of this log
  std::uint64_t seals_opened = 0;    ///< of events: they fit their clear parts
  std::uint64_t seals_erased = 0;    ///< nobody has a key for them: their people were erased
  std::uint64_t index_segments = 0;  ///< equal to those that the events make
};

struct VerifyOptions {
  std::vector<std::filesystem::path> checkpoints;  ///< files with a signed note each, that somebody kept
  std::size_t index_segment_events =
      projections::Segment::most_events;  ///< of a full segment, as the server makes them
};

/// Throws std::runtime_error when the log can't be opened at all.
Verified verify(const Source& source, const Progress& progress, const VerifyOptions& options = {});

}  // namespace countersign::replay
