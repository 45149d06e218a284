#pragma once
// Full tiles on disk: a RocksDB database of its own, whose rows follow from the events in the views and are written
// again whenever they are missing or differ. Nothing is synced, because of that.
//
//   T account level(1) index(8)   -> 256 hashes
//   V                             -> version
//
// A directory of another version is emptied when it is opened. Concurrency: any thread.

#include <memory>
#include <optional>
#include <string>

#include "domain/ids.h"

namespace rocksdb {
class DB;
class WriteBufferManager;
}  // namespace rocksdb

namespace countersign::projections {

inline constexpr std::uint32_t tile_store_version = 1;

class TileStore {
 public:
  /// Throws std::runtime_error naming the directory when it can't be opened.
  explicit TileStore(const std::string& directory,
                     const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers = nullptr);
  ~TileStore();

  /// Nothing when it isn't there. Throws std::runtime_error when it can't be read.
  std::optional<std::string> get(domain::AccountId account, unsigned level, std::uint64_t index) const;
  /// Writes nothing when just this is there. Throws std::runtime_error.
  void put(domain::AccountId account, unsigned level, std::uint64_t index, std::string_view tile);
  std::uint64_t disk_bytes() const;

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace countersign::projections
