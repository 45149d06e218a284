#include "projections/merkle/tile_store.h"

#include <rocksdb/table.h>

#include "projections/big_endian.h"
#include "projections/derived_database.h"

namespace countersign::projections {
namespace {

std::string key_of(domain::AccountId account, unsigned level, std::uint64_t index) {
  std::string key = "T";
  key += account.uuid.view();
  append_big_endian(key, level, 1);
  append_big_endian(key, index, 8);
  return key;
}

rocksdb::Options options_of(const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers) {
  auto options = derived_options(write_buffers);
  options.write_buffer_size = 16 << 20;
  options.compression = rocksdb::kNoCompression;  // hashes have no pattern
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

TileStore::TileStore(const std::string& directory, const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers)
    : db_(open_derived(directory, "the Merkle tiles in " + directory, tile_store_version, options_of(write_buffers))) {}

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
  return table_bytes(*db_);
}

}  // namespace countersign::projections
