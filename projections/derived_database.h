#pragma once
// A RocksDB database of its own for what follows from the views and can be built again at any time: segments of the
// event index, tiles of Merkle trees. Nothing in it is synced. Internal to projections/.

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

namespace countersign::projections {

inline rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
inline std::string_view view_of(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

/// Throws std::runtime_error: `what`, and what RocksDB says of it.
void require(const rocksdb::Status& status, const std::string& what);

/// To begin from; a store adds what its values need.
rocksdb::Options derived_options(std::shared_ptr<rocksdb::WriteBufferManager> write_buffers);

/// One that is of another version, or can't be read, is emptied. Throws std::runtime_error, beginning with `what`, when
/// it can't be opened, and when another process has it.
std::unique_ptr<rocksdb::DB> open_derived(const std::string& directory, const std::string& what, std::uint32_t version,
                                          const rocksdb::Options& options);

/// Reads only, and changes nothing on the disk. Throws std::runtime_error, beginning with `what`, when it can't be
/// opened or is of another version.
std::unique_ptr<rocksdb::DB> open_derived_read_only(const std::string& directory, const std::string& what,
                                                    std::uint32_t version, const rocksdb::Options& options);

std::uint64_t table_bytes(rocksdb::DB& database);

}  // namespace countersign::projections
