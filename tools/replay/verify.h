#pragma once
// Verifying by deriving again: every record's HMAC and place in the chain, every event's schema, time and sequence,
// the heads that were signed, and the views against a fold of one's own. Names the first thing that is wrong, and what
// could not be checked.

#include <optional>
#include <string>
#include <vector>

#include "tools/replay/audited_log.h"

namespace countersign::replay {

struct Verified {
  std::uint64_t records = 0, frames = 0, events = 0, accounts = 0;
  std::uint64_t superseded = 0;        ///< records of writers that had lost the log: harmless
  std::string head;                    ///< hash over everything accepted, as hex
  std::optional<std::string> wrong;    ///< the first thing that is
  std::vector<std::string> unchecked;  ///< what could not be checked, and why
  bool views_equal = false;
  std::size_t signed_heads = 0;  ///< heads that were signed and are heads of this log
};

/// `checkpoint`: a file with a signed note that somebody kept; empty for none. Throws std::runtime_error when the log
/// can't be opened at all.
Verified verify(const Source& source, const Progress& progress, const std::filesystem::path& checkpoint = {});

}  // namespace countersign::replay
