#include "adapters/exports/cursor_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_buffer_manager.h>

#include <stdexcept>

#include "projections/row_codec.h"

namespace countersign::exports {
namespace {

rocksdb::Slice key_of(const domain::SiemDestinationId& id) {
  return {id.uuid.view().data(), id.uuid.view().size()};
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

void require(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("a cursor can't be written: " + status.ToString());
}

std::string encode(const Cursor& cursor) {
  projections::RowWriter out;
  out.number(cursor.begun_by).number(cursor.sequence).number(cursor.certain).number(bus::value(cursor.frame));
  return out.uuid(cursor.event.uuid).number(cursor.unreported).time(cursor.unreported_since).take();
}

Cursor decode(std::string_view bytes) {
  projections::RowReader in(bytes);
  Cursor cursor;
  cursor.begun_by = in.number();
  cursor.sequence = in.number();
  cursor.certain = in.number();
  cursor.frame = bus::FrameNumber{in.number()};
  cursor.event.uuid = in.uuid();
  cursor.unreported = in.number();
  cursor.unreported_since = in.time();
  return cursor;
}

}  // namespace

CursorStore::CursorStore(const std::filesystem::path& directory, const std::function<void(std::string_view)>& warn,
                         std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;  // an older cursor is as good as any
  options.write_buffer_size = 1 << 20;
  options.write_buffer_manager = std::move(write_buffers);
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::DB* opened = nullptr;
  auto status = rocksdb::DB::Open(options, directory.string(), &opened);
  if (!status.ok()) {
    warn("the cursors of SIEM destinations can't be read, events will be repeated: " + status.ToString());
    std::filesystem::remove_all(directory);
    status = rocksdb::DB::Open(options, directory.string(), &opened);
  }
  if (!status.ok()) throw std::runtime_error(directory.string() + " can't be opened: " + status.ToString());
  db_.reset(opened);
}

CursorStore::~CursorStore() = default;

std::optional<Cursor> CursorStore::find(domain::SiemDestinationId id) const {
  std::string bytes;
  if (!db_->Get({}, key_of(id), &bytes).ok()) return std::nullopt;
  try {
    return decode(bytes);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

void CursorStore::keep(domain::SiemDestinationId id, const Cursor& cursor) {
  require(db_->Put(synced(), key_of(id), encode(cursor)));
}

void CursorStore::forget(domain::SiemDestinationId id) {
  require(db_->Delete(synced(), key_of(id)));
}

}  // namespace countersign::exports
