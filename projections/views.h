#pragma once
// The views on disk: one RocksDB database, two column families (rows, events). View and position move together: every
// landing is one WriteBatch. WAL is off; both families flush atomically, and what a crash takes is folded again from
// the log, which is the truth. All partitions of a log are in them, each with a position of its own.
//
// Concurrency: land() by one thread a partition; all else by any number.

#include <rocksdb/db.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "projections/decoded_rows.h"
#include "projections/overlay.h"
#include "projections/view_state.h"

namespace countersign::projections {

struct ViewOptions {
  std::string directory;
  bool read_only = false;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;  ///< shared over all databases of the process
  std::size_t block_cache_bytes = 256u << 20;
  std::size_t decoded_rows_bytes = 64u << 20;  ///< of hot rows kept decoded, as they are encoded
  std::size_t flush_every_bytes = 64u << 20;   ///< bounds what a start must fold again
  /// For rebuilds: landings become sorted tables beside the memtable, and nothing is compacted until the views are
  /// opened without it.
  bool bulk = false;
};

/// A frame of each partition.
using Positions = std::map<std::uint32_t, bus::FrameNumber>;
inline bus::FrameNumber frame_of(const Positions& positions, std::uint32_t partition) {
  const auto found = positions.find(partition);
  return found == positions.end() ? bus::FrameNumber{} : found->second;
}

class Views : public RowStore {
 public:
  /// Throws std::runtime_error naming the directory when it can't be opened.
  explicit Views(ViewOptions options);
  ~Views() override;

  std::optional<std::string> get(std::string_view key) const override;
  std::shared_ptr<const void> decoded(std::string_view key, Decode decode) const override;
  /// Several keys at once, in the keys' order.
  std::vector<std::optional<std::string>> get(const std::vector<std::string>& keys) const;

  /// Writes an overlay with its position in one step. Throws std::runtime_error on failure.
  void land(const Overlay& overlay);
  /// Where the views of a partition stand; the zero state for new ones.
  bus::AcceptanceState position(std::uint32_t partition = 0) const;
  /// How far each partition that the views hold has come.
  Positions positions() const;
  /// The latest time of a frame that has landed, of whichever partition.
  domain::UnixMs newest_time() const { return newest_time_.load(std::memory_order_acquire); }
  void flush();

  /// Rows from `from` while they begin with `prefix`, from a consistent snapshot, until `visit` returns false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  void scan(std::string_view prefix, std::string_view from, const Visit& visit) const;
  /// Rows that begin with `prefix`, the last first.
  void scan_back(std::string_view prefix, const Visit& visit) const;
  /// Rows of [from, until).
  void scan_range(std::string_view from, std::string_view until, const Visit& visit) const;

  /// An account's events in sequence order, from `first` on, or backwards from `last` on. An event's bytes begin
  /// 8-aligned, as EventView wants them, and are there until `visit` returns.
  using VisitEvent = std::function<bool(std::string_view event, bus::FrameNumber frame)>;
  void events_from(domain::AccountId account, std::uint64_t first, const VisitEvent& visit) const;
  void events_back(domain::AccountId account, std::uint64_t last, const VisitEvent& visit) const;

  /// Every key and value of every table in order: what "byte-identical" is about.
  void dump(
      const std::function<void(std::string_view family, std::string_view key, std::string_view value)>& visit) const;
  /// The first key, in the order of dump(), whose row isn't the same in both; positions don't count. Nothing
  /// when they are equal. The family's name comes first.
  std::optional<std::pair<std::string, std::string>> first_difference(const Views& other) const;
  /// A consistent copy in a new directory.
  void checkpoint_to(const std::string& directory);
  std::uint64_t disk_bytes() const;

 private:
  void check_version();
  void write_batch(const Overlay& overlay, const std::string& answers_from);
  void write_tables(const Overlay& overlay, const std::string& answers_from);
  void check_flush(std::size_t written);
  bus::AcceptanceState decoded_position(std::string_view row) const;
  void each_position(
      const std::function<void(std::uint32_t partition, const bus::AcceptanceState& state)>& visit) const;
  void close();
  ViewOptions options_;
  mutable DecodedRows hot_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* rows_ = nullptr;
  rocksdb::ColumnFamilyHandle* events_ = nullptr;
  std::atomic<std::size_t> unflushed_{0};
  std::atomic<domain::UnixMs> newest_time_{0};
  std::mutex landing_mutex_;
  std::map<std::uint32_t, std::uint32_t> last_days_;  ///< of each partition
};

/// Whether this is the key of a partition's position.
bool is_position(std::string_view key);

}  // namespace countersign::projections
