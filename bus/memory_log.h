#pragma once
// A partition log in memory, for tests: faultless by default, or with a fault drawn for each append. Several logs (one
// per writer) may share one MemoryPartition, as nodes share a broker.
//
// A record is written, then synced, then reported; each may be slow, go wrong or come late. Only synced records are
// read. lose_unsynced() is a machine's loss of power.
// Concurrency: with an executor, everything on it; without, append() completes before it returns and a mutex makes it
// safe from any thread.

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>

#include "bus/errc.h"
#include "bus/executor.h"
#include "bus/partition_log.h"

namespace countersign::bus {

/// What is on the disk or broker.
class MemoryPartition {
 public:
  Offset write(std::string bytes);
  void sync();  ///< everything written so far
  /// Keeps the first `keep` of the unsynced records, all of them durable then; the next one is left torn if `torn`.
  void lose_unsynced(std::size_t keep, bool torn);
  std::size_t unsynced() const;

  std::vector<LogRecord> read(Offset from, std::size_t max_bytes) const;
  Offset end() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
  std::size_t synced_ = 0;
};

/// What becomes of one append.
struct AppendFault {
  enum class Fate {
    written,
    doubled,  ///< written twice
    torn,     ///< only a part of its bytes is written
    lost,     ///< never written
    late,     ///< written `late_by` after those behind it had their turn
  };
  Fate fate = Fate::written;
  AppendOutcome outcome = AppendOutcome::durable;
  errc reason{};
  std::chrono::milliseconds write_delay{0};
  std::chrono::milliseconds sync_delay{0};
  std::chrono::milliseconds report_delay{0};  ///< different ones make reports come out of order
  std::chrono::milliseconds late_by{0};
};

class MemoryLog final : public PartitionLog {
 public:
  using Faults = std::function<AppendFault(const std::string& record)>;

  explicit MemoryLog(std::shared_ptr<MemoryPartition> partition = std::make_shared<MemoryPartition>());
  MemoryLog(std::shared_ptr<MemoryPartition> partition, std::shared_ptr<Executor> executor, Faults faults);

  void append(std::string record, AppendHandler handler) override;
  boost::system::result<std::vector<LogRecord>> read(Offset from, std::size_t max_bytes) override;
  boost::system::result<Offset> end() override { return partition_->end(); }

  /// What is queued and not yet written never will be, and nothing is reported any more: the writer's machine is gone.
  void cut();
  /// From now on reports of durable appends say when that was by this clock, as a broker's do. Without an executor
  /// only.
  void set_clock(std::function<TimeMs()> clock) { clock_ = std::move(clock); }
  /// read() fails while this is set.
  void set_unreadable(bool unreadable) { unreadable_ = unreadable; }

  MemoryPartition& partition() { return *partition_; }

 private:
  struct Writer;

  std::shared_ptr<MemoryPartition> partition_;
  std::shared_ptr<Writer> writer_;  ///< null: no executor
  Faults faults_;
  std::function<TimeMs()> clock_;
  bool unreadable_ = false;
};

}  // namespace countersign::bus
