#pragma once
// How far each SIEM destination has come, on disk: a small database of its own beside the log. A cursor is written
// after the receiver has taken what stands before it, so a crash repeats events and loses none; so does a store that
// was lost or is an older copy. It is in no backup.
//
// Concurrency: one thread.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "bus/position.h"
#include "domain/ids.h"

namespace rocksdb {
class DB;
class WriteBufferManager;
}  // namespace rocksdb

namespace countersign::exports {

struct Cursor {
  std::uint64_t begun_by = 0;    ///< the beginning that it belongs to: a cursor of a former one is none
  std::uint64_t sequence = 0;    ///< events up to here have been taken, or are not wanted
  std::uint64_t certain = 0;     ///< behind this one a new connection begins again, where nothing is acknowledged
  bus::FrameNumber frame{};      ///< that the event at `sequence` came in
  domain::EventId event;         ///< at `sequence`: a cursor of another history is none. Nil: before the first event
  std::uint64_t unreported = 0;  ///< sent since the last export report, for the first time
  domain::UnixMs unreported_since = 0;
  bool operator==(const Cursor&) const = default;
};

class CursorStore {
 public:
  /// One that can't be opened is begun anew, and `warn` told. Throws std::runtime_error when that can't be done either.
  CursorStore(const std::filesystem::path& directory, const std::function<void(std::string_view)>& warn,
              std::shared_ptr<rocksdb::WriteBufferManager> write_buffers = {});
  ~CursorStore();

  /// Nothing when there is none, or it can't be read.
  std::optional<Cursor> find(domain::SiemDestinationId id) const;
  /// Synced on return. Throws std::runtime_error when it can't be written.
  void keep(domain::SiemDestinationId id, const Cursor& cursor);
  void forget(domain::SiemDestinationId id);

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace countersign::exports
