// Reading and copying an embedded log. See bus/embedded_log.h.

#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/utilities/checkpoint.h>

#include "bus/embedded_log.h"
#include "bus/embedded_log_keys.h"

namespace countersign::bus {

boost::system::result<std::vector<LogRecord>> EmbeddedLog::read(Offset from, std::size_t max_bytes) {
  const std::shared_lock lock(database_mutex_);
  return read_locked(from, max_bytes);
}

boost::system::result<std::vector<LogRecord>> EmbeddedLog::read_locked(Offset from, std::size_t max_bytes) const {
  if (!database_) return errc::unavailable;
  const std::int64_t end = end_.load(std::memory_order_acquire);
  std::vector<LogRecord> records;
  if (value(from) >= end) return records;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::string limit = key_of(Offset{end});  // what is written but not yet acknowledged isn't there
  const rocksdb::Slice limit_slice(limit);
  options.iterate_upper_bound = &limit_slice;
  const std::unique_ptr<rocksdb::Iterator> iterator(database_->NewIterator(options));
  std::int64_t expected = value(from);
  std::size_t bytes = 0;
  for (iterator->Seek(key_of(from)); iterator->Valid() && (records.empty() || bytes < max_bytes); iterator->Next()) {
    const auto offset = offset_of(iterator->key());
    if (!offset || value(*offset) != expected) return errc::corrupt;  // this log has no gaps
    records.push_back({*offset, iterator->value().ToString()});
    bytes += records.back().bytes.size();
    ++expected;
  }
  if (!iterator->status().ok()) return code_of(iterator->status());
  if (!iterator->Valid() && expected != end) return errc::corrupt;
  return records;
}

boost::system::result<Offset> EmbeddedLog::end() {
  return Offset{end_.load(std::memory_order_acquire)};
}

boost::system::result<void> EmbeddedLog::checkpoint_to(const std::string& directory) {
  const std::shared_lock lock(database_mutex_);
  if (!database_) return errc::unavailable;
  AnchorMark mark;
  {
    const std::lock_guard anchor_lock(anchor_mutex_);
    mark = mark_;  // before the copy is made, so that the copy holds at least this
  }
  rocksdb::FileSystem& files = *env_->GetFileSystem();
  if (!files.CreateDir(directory, {}, nullptr).ok()) return errc::io_error;
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(database_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory + "/db");
  if (!status.ok()) return status.IsNoSpace() ? errc::no_space : errc::io_error;
  return AnchorFile::create(files, directory + "/anchor", {options_.identity, 0, mark});
}

}  // namespace countersign::bus
