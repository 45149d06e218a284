#pragma once
// An installation moved from one node's embedded log to a cluster's partitions, or back: keys, then the log, which is
// read back and compared, and only then what makes the target usable by a server. The source is not changed.
//
// A copy that is cut off leaves a target that no server takes and that a later copy refuses, saying what to remove.

#include "tools/replay/copying/log_copy.h"

namespace countersign::replay {

struct Copied {
  std::uint64_t events = 0, accounts = 0, frames = 0, answers = 0, answers_left_out = 0;
  std::uint32_t partitions = 0;  ///< of the target
  /// What differs, for people; none: the target is complete.
  std::vector<std::string> differences;
};

struct ClusterTarget {
  std::vector<bus::PartitionLog*> logs;  ///< by partition
  bus::SharedTable& keys;
  /// How what a copy that was cut off has left is removed, for people.
  std::string remedy;
};

/// From a data directory whose server is stopped. The source needs its keys. `force`: the log needn't have been
/// released. Throws std::runtime_error, keys::StartError.
Copied copy_to_cluster(const Source& source, const ClusterTarget& target, bool force, const Progress& progress);

/// Where a copy to `directory` is made before it takes that name.
std::filesystem::path unfinished_copy(const std::filesystem::path& directory);

/// To a data directory that doesn't exist, with keys/ and log/. Throws as above.
Copied copy_to_directory(const ClusterSource& source, const std::filesystem::path& directory, bool force,
                         const Progress& progress);

}  // namespace countersign::replay
