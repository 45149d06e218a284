#include "tools/replay/folding.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "tools/replay/reading_ahead.h"

namespace countersign::replay {

namespace fs = std::filesystem;

ScratchViews::ScratchViews()
    : views_(std::make_unique<projections::Views>(
          projections::ViewOptions{.directory = (scratch_.path() / "views").string(), .bulk = true})) {}

std::uint64_t fold(AuditedLog& log, projections::Views& views, const std::function<bool(const bus::Frame&)>& wanted,
                   const Progress& progress) {
  projections::Projector projector(views, 0, projections::rebuild_batch_bytes);
  auto position = log.state();
  ReadingAhead ahead(log);
  while (const auto* step = ahead.next()) {
    if (const auto* frame = step->frame()) {
      if (wanted && !wanted(*frame)) break;
      try {
        projector.apply(*frame, step->after);
      } catch (const std::exception& error) {
        throw std::runtime_error("frame " + std::to_string(bus::value(frame->number)) +
                                 " can't be folded: " + error.what());
      }
      if (progress) progress(bus::value(frame->number), projector.events());
    }
    position = step->after;
  }
  projector.finish(position);
  return projector.events();
}

DirectoryLock::DirectoryLock(const fs::path& directory) {
  const auto file = directory / "lock";
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) throw std::runtime_error(file.string() + " can't be opened: " + std::strerror(errno));
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  throw std::runtime_error("the data directory " + directory.string() + " is in use: stop countersignd first");
}

DirectoryLock::~DirectoryLock() {
  ::close(file_);
}

std::uint64_t rebuild(const Source& source, const Progress& progress) {
  const DirectoryLock lock(source.directory);
  const auto views = source.directory / "views", fresh = source.directory / "views.rebuilt",
             old = source.directory / "views.old";
  AuditedLog log(source);
  if (!log.keys() && !source.no_keys)
    throw std::runtime_error(log.why_no_keys() +
                             ": the server trusts the views, so they are built from authenticated records only "
                             "(--master-key-file FILE; or --no-keys, to trust whoever could write the files)");
  fs::remove_all(fresh);
  std::uint64_t events = 0;
  {
    projections::Views rebuilt({.directory = fresh.string(), .bulk = true});
    events = fold(log, rebuilt, {}, progress);
    rebuilt.flush();
  }
  // After a crash between the two renames there are no views, and the server folds the log by itself.
  fs::remove_all(old);
  if (fs::exists(views)) fs::rename(views, old);
  fs::rename(fresh, views);
  fs::remove_all(old);
  return events;
}

}  // namespace countersign::replay
