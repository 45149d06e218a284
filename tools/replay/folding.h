#pragma once
// Folding an audited log into views of one's own: in a scratch directory that goes with the object, or beside the
// server's for a rebuild. No seal is opened on the way.

#include <functional>

#include "projections/projector.h"
#include "tools/replay/audited_log.h"
#include "tools/replay/scratch.h"

namespace countersign::replay {

/// A directory for views that are only looked at, below the machine's temporary directory.
class ScratchViews {
 public:
  ScratchViews();
  projections::Views& operator*() { return *views_; }
  projections::Views* operator->() { return views_.get(); }

 private:
  Scratch scratch_;
  std::unique_ptr<projections::Views> views_;
};

/// Folds frames as long as `wanted` says so (all, when empty). Returns the number of events folded. Throws
/// std::runtime_error naming the frame and what is wrong with it.
std::uint64_t fold(AuditedLog& log, projections::Views& views, const std::function<bool(const bus::Frame&)>& wanted,
                   const Progress& progress);

/// Holds a data directory as a server would, so that none can run meanwhile. Throws std::runtime_error when one does.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int file_ = -1;
};

/// Builds <directory>/views anew beside the old ones and swaps. Returns the number of events.
std::uint64_t rebuild(const Source& source, const Progress& progress);

}  // namespace countersign::replay
