#pragma once
// Checks a bundle (docs/adr/0012) with nothing but what is in it: no data directory, no server, no master key. Names
// the first thing that is wrong, and what could not be checked.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/replay/audited_log.h"
#include "tools/replay/export/manifest.h"

namespace countersign::replay {

struct CheckedBundle {
  std::optional<std::string> wrong;  ///< the first thing that is
  std::vector<std::string> unchecked;
  Manifest manifest;
  std::uint64_t head_size = 0;  ///< of the signed head that includes the events
};

/// `verifier_key`: of the log, got another way; empty: the bundle's own, and then it is said that nobody vouches for
/// it.
CheckedBundle check_bundle(const std::filesystem::path& directory, const std::string& verifier_key,
                           const Progress& progress);

}  // namespace countersign::replay
