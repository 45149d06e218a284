#pragma once
// Frozen segments on disk: a RocksDB database of its own, whose rows are derived from the events in the views and can
// be built again at any time. Nothing is synced: what a crash takes is built again.
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

class SegmentStore {
 public:
  /// Throws std::runtime_error naming the directory when it can't be opened.
  explicit SegmentStore(const std::string& directory,
                        std::shared_ptr<rocksdb::WriteBufferManager> write_buffers = nullptr);
  /// For looking only: put() fails. Throws std::runtime_error when it can't be opened, or is of another version.
  static SegmentStore read_only(const std::string& directory);
  SegmentStore(SegmentStore&& other) noexcept;
  ~SegmentStore();

  /// How many segments of this account have been put.
  std::size_t count(domain::AccountId account) const;
  /// Nothing when it isn't there or can't be read: it can be built again.
  std::optional<std::string> get(domain::AccountId account, std::size_t number) const;
  /// Throws std::runtime_error.
  void put(domain::AccountId account, std::size_t number, const std::string& segment);
  std::uint64_t disk_bytes() const;

 private:
  explicit SegmentStore(std::unique_ptr<rocksdb::DB> database);
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace countersign::projections
