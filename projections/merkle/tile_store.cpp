#include "projections/merkle/tile_store.h"

#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <stdexcept>

#include "projections/big_endian.h"

namespace countersign::projections {
namespace {

constexpr std::string_view version_key = "V";

void require(const rocksdb::Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.ToString());
}

std::string key_of(domain::AccountId account, unsigned level, std::uint64_t index) {
  std::string key = "T";
  key += account.uuid.view();
  append_big_endian(key, level, 1);
  append_big_endian(key, index, 8);
  return key;
}

rocksdb::Options options_of(const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_manager = write_buffers;
  options.write_buffer_size = 16 << 20;
  options.compression = rocksdb::kNoCompression;  // hashes have no pattern
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

TileStore::TileStore(const std::string& directory, const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers) {
  const auto options = options_of(write_buffers);
  const auto version = std::to_string(tile_store_version), what = "the Merkle tiles in " + directory;
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, &opened);
  db_.reset(opened);
  std::string found;
  if (status.ok() && db_->Get({}, version_key, &found).ok() && found == version) return;
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) require(status, what);
  db_.reset();
  require(rocksdb::DestroyDB(directory, options), what + " can't be emptied");
  require(rocksdb::DB::Open(options, directory, &opened), what + " can't be opened");
  db_.reset(opened);
  require(db_->Put({}, version_key, version), what + " can't be written");
}

TileStore::~TileStore() = default;

std::optional<std::string> TileStore::get(domain::AccountId account, unsigned level, std::uint64_t index) const {
  std::string tile;
  const auto status = db_->Get({}, key_of(account, level, index), &tile);
  if (status.IsNotFound()) return std::nullopt;
  require(status, "a Merkle tile can't be read");
  return tile;
}

void TileStore::put(domain::AccountId account, unsigned level, std::uint64_t index, std::string_view tile) {
  const auto key = key_of(account, level, index);
  rocksdb::PinnableSlice stored;
  const auto status = db_->Get({}, db_->DefaultColumnFamily(), key, &stored);
  if (status.ok() && stored.ToStringView() == tile) return;
  require(db_->Put({}, key, rocksdb::Slice(tile.data(), tile.size())), "a Merkle tile can't be written");
}

std::uint64_t TileStore::disk_bytes() const {
  std::uint64_t bytes = 0;
  db_->GetIntProperty("rocksdb.total-sst-files-size", &bytes);
  return bytes;
}

}  // namespace countersign::projections
