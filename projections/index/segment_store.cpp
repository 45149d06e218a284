#include "projections/index/segment_store.h"

#include <rocksdb/table.h>

#include <algorithm>
#include <cstring>

#include "projections/big_endian.h"
#include "projections/derived_database.h"
#include "projections/index/indexed_event.h"

namespace countersign::projections {
namespace {

std::string key_of(domain::AccountId account, std::size_t number) {
  std::string key = "E";
  key += account.uuid.view();
  append_big_endian(key, number, 4);
  return key;
}

std::string count_key(domain::AccountId account) {
  return "N" + std::string(account.uuid.view());
}

rocksdb::Options options_of(std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  auto options = derived_options(std::move(write_buffers));
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.no_block_cache = true;  // segments are kept decoded
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

SegmentStore::SegmentStore(const std::string& directory, std::shared_ptr<rocksdb::WriteBufferManager> write_buffers)
    : db_(open_derived(directory, "the event index in " + directory, event_index_version,
                       options_of(std::move(write_buffers)))) {}

SegmentStore::SegmentStore(std::unique_ptr<rocksdb::DB> database) : db_(std::move(database)) {}

SegmentStore SegmentStore::read_only(const std::string& directory) {
  return SegmentStore(
      open_derived_read_only(directory, "the event index in " + directory, event_index_version, options_of(nullptr)));
}

SegmentStore::SegmentStore(SegmentStore&& other) noexcept = default;

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
  return table_bytes(*db_);
}

}  // namespace countersign::projections
