#pragma once
// The partition log of a single machine: one RocksDB database, written and synced record by record on a thread of its
// own, with an anchor (bus/anchor.h) that is synced after each record and before its completion.
//
// What it promises: a record reported durable survives the loss of power, or the next open() refuses. open() never
// shows less than was acknowledged, and says what is wrong and where when files are missing, damaged, from another
// cluster or older than the anchor. A failed sync is never tried again: the database is closed, opened again and what
// is in it is what counts; the append in question is reported in doubt. Below the disk reserve appends are refused and
// reads go on; a claim is small and may use the reserve, so that a server starts on a full disk. A frame that doesn't
// continue the newest one isn't written: what was refused leaves no record behind that looks like damage. Nothing is
// ever deleted from the log.
//
// Files: <directory>/db/ (RocksDB), <directory>/anchor, and the anchor's mirror wherever that is. A mirror on another
// disk also notices an older copy of the whole directory. A configured mirror that doesn't exist yet is created.
// Concurrency: append() from any thread, handlers run on the log's thread; read() and end() from any thread.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>

#include "bus/anchor.h"
#include "bus/partition_log.h"

namespace rocksdb {
class DB;
class Env;
class Status;
class WriteBufferManager;
}  // namespace rocksdb

namespace countersign::bus {

struct EmbeddedLogOptions {
  std::string directory;      ///< made if it doesn't exist; its parent must
  std::string anchor_mirror;  ///< path of the anchor's copy; empty: none
  LogIdentity identity;
  std::uint64_t reserve_bytes = 256 << 20;  ///< free space on the disk that appends leave alone
  std::size_t memtable_bytes = 64 << 20;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;             ///< shared with other databases; may be null
  rocksdb::Env* env = nullptr;                                            ///< null: the machine's
  std::function<std::uint64_t(const std::string& directory)> free_bytes;  ///< null: statvfs
};

/// Why a log can't be opened: `code()` is a bus::errc, what() says what is wrong, where, and what to do.
class LogRefused : public std::runtime_error {
 public:
  LogRefused(errc code, const std::string& text) : std::runtime_error(text), code_(code) {}
  boost::system::error_code code() const { return code_; }

 private:
  boost::system::error_code code_;
};

class EmbeddedLog final : public PartitionLog {
 public:
  /// Throws LogRefused.
  explicit EmbeddedLog(const EmbeddedLogOptions& options) : EmbeddedLog(options, Mode::read_write) {}
  /// For replay and checks: writes nothing below the directory, takes no lock, refuses the same; append() is refused
  /// with errc::read_only. Throws LogRefused.
  static std::unique_ptr<EmbeddedLog> open_read_only(const EmbeddedLogOptions& options);
  /// What is queued and not begun is reported not written.
  ~EmbeddedLog() override;

  void append(std::string record, AppendHandler handler) override;
  boost::system::result<std::vector<LogRecord>> read(Offset from, std::size_t max_bytes) override;
  boost::system::result<Offset> end() override;

  /// Whether so many bytes may be written beside the log without touching the reserve. From any thread.
  bool has_space(std::size_t bytes) const;

  /// A consistent copy of log and anchor in `directory`, which must not exist; while appends go on. It can be opened as
  /// a log's directory. errc::io_error, errc::no_space.
  boost::system::result<void> checkpoint_to(const std::string& directory);

  /// The newest record that is known to have been acknowledged, and its frame's number: whoever folds the log must
  /// arrive there.
  AnchorMark acknowledged() const;

 private:
  enum class Mode { read_write, read_only };
  struct Pending {
    std::string record;
    AppendHandler handler;
  };
  EmbeddedLog(const EmbeddedLogOptions& options, Mode mode);

  void open();
  bool has_records_without_manifest() const;
  boost::system::result<std::vector<LogRecord>> read_locked(Offset from, std::size_t max_bytes) const;
  void open_database(bool create);
  void open_anchors(const std::optional<AnchorContents>& before_database);
  void note_records_beyond_anchor();
  void check_anchor(const std::string& path, const AnchorContents& contents);
  void write_pending();
  Appended write(const std::string& record);
  boost::system::result<void> write_anchors(const AnchorMark& mark);
  bool reopen();
  std::optional<errc> reason_not_to_write(const std::string& record, const std::optional<ChainPlace>& place) const;
  [[noreturn]] void refuse(errc code, const std::string& text) const;
  void refuse_unreadable_anchor(const boost::system::result<AnchorContents>& read, const std::string& path) const;
  std::string database_path() const { return options_.directory + "/db"; }
  std::string anchor_path() const { return options_.directory + "/anchor"; }

  EmbeddedLogOptions options_;
  const Mode mode_;
  rocksdb::Env* env_;

  mutable std::shared_mutex database_mutex_;  ///< exclusive only while the database is opened again
  std::unique_ptr<rocksdb::DB> database_;     ///< null when opening again failed
  std::atomic<std::int64_t> end_{0};          ///< after the newest acknowledged record
  bool lost_records_ = false;                 ///< opened again, it was short: nothing is written any more
  mutable std::mutex anchor_mutex_;
  AnchorMark mark_;
  std::vector<AnchorFile> anchors_;
  errc last_refusal_ = errc::io_error;  ///< why a frame was not written: those behind it hear the same

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::deque<Pending> queue_;
  bool closing_ = false;
  std::thread writer_;
};

}  // namespace countersign::bus
