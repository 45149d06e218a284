#pragma once
// The events of a log written anew into another one with its own number of partitions, and read back.
//
// An event's bytes stay as they are. A frame becomes one frame in each partition that has a part of it, with its time;
// several partitions are merged by time, so that time never goes back in any of them. An account's events keep their
// order: they come from one partition and go to one (domain::partition_of). Answers to requests with an Idempotency-Key
// go where their account goes; those of no account are left out.
//
// Memory: 8 MiB a partition of the source, 5 MiB of the target. Errors: std::runtime_error.

#include <span>

#include "tools/replay/audited_log.h"
#include "tools/replay/copying/tally.h"

namespace countersign::replay {

struct LogCopy {
  Tally tally;  ///< of what was copied
  std::uint64_t frames = 0, answers_left_out = 0;
  std::vector<bus::Offset> read_to;  ///< in each source
};

/// Logs of one cluster, by partition, with its keys, all of which outlive it.
struct LogTarget {
  std::vector<bus::PartitionLog*> logs;
  keys::KeyStore& keys;
};

/// Throws unless all logs are empty.
void require_empty(std::span<bus::PartitionLog* const> logs);

/// Throws unless the newest record of each log, if it has any, is a release: cheap, and before anything is written.
void require_released(std::span<bus::PartitionLog* const> logs, keys::KeyStore& keys);

/// From the beginning to the end of each source. Unless `force`, each must have been released when it was read. A
/// record that doesn't count is an error, unless it may be passed over (tools/replay/passed_over.h).
LogCopy copy_log(std::span<AuditedLog* const> sources, const LogTarget& target, bool force, const Progress& progress);

/// What was written, as any reader sees it: throws when a record doesn't count, an account stands in a wrong partition,
/// or a partition isn't released.
Tally read_back(const LogTarget& target, const Progress& progress);

}  // namespace countersign::replay
