#pragma once
// An account's events, written to a directory: rendered in a format, and as a bundle that others can check without this
// log (docs/adr/0012). An export that was cut off goes on where it was.

#include "tools/replay/audited_log.h"
#include "tools/replay/export/manifest.h"

namespace countersign::replay {

struct Exported {
  Manifest manifest;
  bool went_on = false;            ///< it had been begun before
  bool was_whole = false;          ///< there was nothing left to do
  std::vector<std::string> notes;  ///< what the operator should know
};

/// Throws std::runtime_error with a text for the operator; std::invalid_argument when the question itself can't be
/// understood.
Exported export_events(const Source& source, const ExportQuestion& question, const std::filesystem::path& directory,
                       const Progress& progress);

}  // namespace countersign::replay
