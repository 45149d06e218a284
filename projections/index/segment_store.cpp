#include "projections/index/segment_store.h"

#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "projections/index/indexed_event.h"

namespace countersign::projections {
namespace {

constexpr std::string_view version_key = "V";

void require(const rocksdb::Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.ToString());
}

std::string key_of(domain::AccountId account, std::size_t number) {
  std::string key = "E";
  key += account.uuid.view();
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

std::string count_key(domain::AccountId account) {
  return "N" + std::string(account.uuid.view());
}

rocksdb::Options options_of(std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_manager = std::move(write_buffers);
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.no_block_cache = true;  // segments are kept decoded
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

SegmentStore::SegmentStore(const std::string& directory, std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  const auto options = options_of(std::move(write_buffers));
  const auto version = std::to_string(event_index_version);
  rocksdb::DB* opened = nullptr;
  auto status = rocksdb::DB::Open(options, directory, &opened);
  db_.reset(opened);
  std::string found;
  const bool ours = status.ok() && db_->Get({}, version_key, &found).ok() && found == version;
  if (ours) return;
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) require(status, "index " + directory);
  db_.reset();
  require(rocksdb::DestroyDB(directory, options), "the event index in " + directory + " can't be emptied");
  require(rocksdb::DB::Open(options, directory, &opened), "the event index in " + directory + " can't be opened");
  db_.reset(opened);
  require(db_->Put({}, version_key, version), "the event index in " + directory + " can't be written");
}

SegmentStore::~SegmentStore() = default;

std::size_t SegmentStore::count(domain::AccountId account) const {
  std::string number;
  if (!db_->Get({}, count_key(account), &number).ok() || number.size() != sizeof(std::uint32_t)) return 0;
  std::uint32_t count = 0;
  std::memcpy(&count, number.data(), sizeof count);
  return count;
}

std::optional<std::string> SegmentStore::get(domain::AccountId account, std::size_t number) const {
  std::string segment;
  if (!db_->Get({}, key_of(account, number), &segment).ok()) return std::nullopt;
  return segment;
}

void SegmentStore::put(domain::AccountId account, std::size_t number, const std::string& segment) {
  const auto count = static_cast<std::uint32_t>(std::max(number + 1, this->count(account)));
  rocksdb::WriteBatch batch;
  require(batch.Put(key_of(account, number), segment), "event index");
  require(batch.Put(count_key(account), {reinterpret_cast<const char*>(&count), sizeof count}), "event index");
  require(db_->Write({}, &batch), "the event index can't be written");
}

std::uint64_t SegmentStore::disk_bytes() const {
  std::uint64_t bytes = 0;
  db_->GetIntProperty("rocksdb.total-sst-files-size", &bytes);
  return bytes;
}

}  // namespace countersign::projections
