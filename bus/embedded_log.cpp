#include "bus/embedded_log.h"

#include <pthread.h>
#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "bus/embedded_log_keys.h"
#include "bus/frame.h"
#include "bus/planted.h"

namespace countersign::bus {
namespace {

class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options database_options(const EmbeddedLogOptions& options, rocksdb::Env* env) {
  rocksdb::Options settings;
  settings.env = env;
  settings.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  settings.paranoid_checks = true;
  settings.max_bgerror_resume_count = 0;  // a failed write is for reopen(), not to be tried again behind our back
  settings.write_buffer_size = options.memtable_bytes;
  settings.write_buffer_manager = options.write_buffers;
  settings.compression = rocksdb::kNoCompression;
  settings.max_open_files = 64;
  settings.max_file_opening_threads = 1;
  settings.max_background_jobs = 2;
  // Records arrive in key order and are never changed: tables only have to be moved, not merged.
  settings.max_bytes_for_level_base = std::uint64_t{1} << 40;
  settings.target_file_size_base = 256 << 20;
  settings.info_log = std::make_shared<SilentLogger>();
  settings.keep_log_file_num = 1;
  settings.stats_dump_period_sec = 0;
  settings.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 64 << 10;
  table.checksum = rocksdb::kXXH3;  // Debian's CRC32c doesn't use the processor's instruction
  table.block_cache = rocksdb::NewLRUCache(8 << 20);
  settings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return settings;
}

std::uint64_t free_bytes_of_disk(const std::string& directory) {
  struct statvfs disk {};
  if (statvfs(directory.c_str(), &disk) != 0) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

std::string hex(const ClusterId& cluster) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : cluster) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

}  // namespace

EmbeddedLog::EmbeddedLog(const EmbeddedLogOptions& options, Mode mode)
    : options_(options), mode_(mode), env_(options.env ? options.env : rocksdb::Env::Default()) {
  if (!options_.free_bytes) options_.free_bytes = free_bytes_of_disk;
  open();
  if (mode_ == Mode::read_only) return;
  writer_ = std::thread([this] { write_pending(); });
  pthread_setname_np(writer_.native_handle(), "log");
}

std::unique_ptr<EmbeddedLog> EmbeddedLog::open_read_only(const EmbeddedLogOptions& options) {
  return std::unique_ptr<EmbeddedLog>(new EmbeddedLog(options, Mode::read_only));
}

EmbeddedLog::~EmbeddedLog() {
  {
    const std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (writer_.joinable()) writer_.join();
}

void EmbeddedLog::refuse(errc code, const std::string& text) const {
  throw LogRefused(code, "log " + options_.directory + ": " + text);
}

void EmbeddedLog::refuse_unreadable_anchor(const boost::system::result<AnchorContents>& read,
                                           const std::string& path) const {
  if (read.has_value() || read.error() == errc::anchor_missing) return;
  if (read.error() == errc::newer_format)
    refuse(errc::newer_format, "the anchor file " + path + " is of a newer version than this release (" +
                                   COUNTERSIGN_VERSION + ") knows: install a newer release");
  refuse(static_cast<errc>(read.error().value()),
         "the anchor file " + path + " can't be read or is damaged: put back its mirror or restore a backup");
}

void EmbeddedLog::open() {
  rocksdb::FileSystem& files = *env_->GetFileSystem();
  if (mode_ == Mode::read_write) files.CreateDirIfMissing(options_.directory, {}, nullptr).PermitUncheckedError();
  const bool has_database = files.FileExists(database_path() + "/CURRENT", {}, nullptr).ok();
  const auto anchor = read_anchor(files, anchor_path());
  refuse_unreadable_anchor(anchor, anchor_path());
  if (!has_database && anchor.has_value() && anchor->mark.offset >= Offset{0}) {
    refuse(errc::log_missing, "the database " + database_path() + " is missing or incomplete, but " + anchor_path() +
                                  " says that " + std::to_string(value(anchor->mark.offset) + 1) +
                                  " records were acknowledged: restore a backup");
  }
  if (!has_database && has_records_without_manifest()) {
    refuse(errc::log_missing, "the database " + database_path() + " lacks its CURRENT file: restore a backup");
  }
  if (!has_database && mode_ == Mode::read_only) refuse(errc::log_missing, "there is no log");
  if (anchor.has_value()) check_anchor(anchor_path(), *anchor);  // the wrong cluster shows before anything is touched
  open_database(!has_database);
  if (anchor.has_error() && end_ > 0) {
    refuse(errc::anchor_missing, "the anchor file " + anchor_path() + " is missing beside a log of " +
                                     std::to_string(end_.load()) + " records: put back its mirror or restore a backup");
  }
  open_anchors(anchor.has_value() ? std::optional(*anchor) : std::nullopt);
  note_records_beyond_anchor();
}

/// A new database would be created over them.
bool EmbeddedLog::has_records_without_manifest() const {
  std::vector<std::string> names;
  if (!env_->GetFileSystem()->GetChildren(database_path(), {}, &names, nullptr).ok()) return false;
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& file) { return file.ends_with(".sst") || file.ends_with(".log"); });
}

void EmbeddedLog::open_database(bool create) {
  rocksdb::Options settings = database_options(options_, env_);
  settings.create_if_missing = create;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = mode_ == Mode::read_only
                                     ? rocksdb::DB::OpenForReadOnly(settings, database_path(), &opened)
                                     : rocksdb::DB::Open(settings, database_path(), &opened);
  if (!status.ok()) {
    const errc code = code_of(status);
    if (code == errc::in_use) refuse(code, "another process has it open (" + status.ToString() + ")");
    refuse(code, "the database " + database_path() + " can't be opened: " + status.ToString());
  }
  database_.reset(opened);
  const std::unique_ptr<rocksdb::Iterator> newest(database_->NewIterator({}));
  newest->SeekToLast();
  if (!newest->status().ok()) refuse(code_of(newest->status()), newest->status().ToString());
  if (!newest->Valid()) return end_.store(0);
  const auto offset = offset_of(newest->key());
  if (!offset) refuse(errc::corrupt, "the database " + database_path() + " is not a log");
  end_ = value(*offset) + 1;
}

void EmbeddedLog::check_anchor(const std::string& path, const AnchorContents& contents) {
  if (contents.identity.cluster != options_.identity.cluster) {
    refuse(errc::wrong_cluster, "the anchor file " + path + " belongs to cluster " + hex(contents.identity.cluster) +
                                    ", this server to " + hex(options_.identity.cluster));
  }
  if (contents.identity.partition != options_.identity.partition) {
    refuse(errc::wrong_partition,
           "the anchor file " + path + " belongs to partition " + std::to_string(contents.identity.partition));
  }
  if (!database_ || contents.mark.offset < Offset{0}) return;
  if (value(contents.mark.offset) >= end_) {
    refuse(errc::below_anchor, "it holds " + std::to_string(end_.load()) + " records, but " + path + " says that " +
                                   std::to_string(value(contents.mark.offset) + 1) +
                                   " were acknowledged: files are missing or damaged, or an older copy was put back. "
                                   "Restore a backup");
  }
  const auto record = read_locked(contents.mark.offset, 1);
  if (record.has_error() || record->empty() || record->front().offset != contents.mark.offset) {
    refuse(errc::corrupt, "record " + std::to_string(value(contents.mark.offset)) + " can't be read");
  }
  if (fingerprint(record->front().bytes) != contents.mark.fingerprint) {
    refuse(errc::corrupt, "its record " + std::to_string(value(contents.mark.offset)) + " is not the one that " + path +
                              " says was acknowledged: log and anchor have different histories");
  }
}

/// `before_database`: the anchor as it was when the database was opened. Who only reads must not look at a later one:
/// the log may belong to a running server.
void EmbeddedLog::open_anchors(const std::optional<AnchorContents>& before_database) {
  const std::shared_ptr<rocksdb::FileSystem>& files = env_->GetFileSystem();
  std::vector<AnchorFile> opened;
  AnchorMark newest;
  for (const std::string& path : {anchor_path(), options_.anchor_mirror}) {
    if (path.empty()) continue;
    if (mode_ == Mode::read_only && path == anchor_path()) {
      if (!before_database) continue;
      check_anchor(path, *before_database);
      newest = before_database->mark;
      continue;
    }
    auto contents = read_anchor(*files, path);
    refuse_unreadable_anchor(contents, path);
    if (contents.has_value()) {
      check_anchor(path, *contents);
      if (contents->mark.offset > newest.offset) newest = contents->mark;
    }
    if (mode_ == Mode::read_only) continue;
    if (contents.has_error()) {
      if (AnchorFile::create(*files, path, {options_.identity, 0, newest}).has_error()) {
        refuse(errc::io_error, "the anchor file " + path + " can't be created");
      }
    }
    auto file = AnchorFile::open(files, path);
    if (file.has_error()) refuse(errc::io_error, "the anchor file " + path + " can't be opened for writing");
    opened.push_back(std::move(*file));
  }
  const std::lock_guard lock(anchor_mutex_);
  mark_ = newest;
  anchors_ = std::move(opened);
}

/// A crash between a record and its anchor leaves records that nobody was told of: they are there, and count.
void EmbeddedLog::note_records_beyond_anchor() {
  if (mode_ == Mode::read_only) return;
  const auto beyond = read_locked(Offset{value(mark_.offset) + 1}, std::numeric_limits<std::size_t>::max());
  if (beyond.has_error()) refuse(static_cast<errc>(beyond.error().value()), "its newest records can't be read");
  const std::lock_guard lock(anchor_mutex_);
  for (const LogRecord& record : *beyond) mark_ = advance(mark_, record.offset, record.bytes);
}

AnchorMark EmbeddedLog::acknowledged() const {
  const std::lock_guard lock(anchor_mutex_);
  return mark_;
}

void EmbeddedLog::append(std::string record, AppendHandler handler) {
  if (mode_ == Mode::read_only) return handler({AppendOutcome::not_written, {}, errc::read_only});
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.push_back({std::move(record), std::move(handler)});
  }
  wake_.notify_one();
}

void EmbeddedLog::write_pending() {
  std::unique_lock lock(queue_mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (closing_) break;
    Pending next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const Appended appended = write(next.record);
    if (appended.outcome != AppendOutcome::durable)
      last_refusal_ = appended.reason == errc::no_space ? errc::no_space : errc::io_error;
    std::deque<Pending> behind;
    if (appended.outcome == AppendOutcome::in_doubt) {
      // Those behind it can't count without it: they needn't be written. What is appended from its handler on is new.
      lock.lock();
      behind = std::exchange(queue_, {});
      lock.unlock();
    }
    next.handler(appended);
    for (const Pending& each : behind) each.handler({AppendOutcome::not_written, {}, errc::io_error});
    lock.lock();
  }
  const std::deque<Pending> left = std::exchange(queue_, {});
  lock.unlock();
  for (const Pending& each : left) each.handler({AppendOutcome::not_written, {}, errc::unavailable});
}

std::optional<errc> EmbeddedLog::reason_not_to_write(const std::string& record,
                                                     const std::optional<ChainPlace>& place) const {
  if (record.size() > max_record_bytes) return errc::too_large;
  if (place && place->number != next(acknowledged().number)) return last_refusal_;
  if (!has_space(record.size()) && !(is_claim(record) && options_.free_bytes(options_.directory) > 2 * record.size())) {
    return errc::no_space;
  }
  return std::nullopt;
}

Appended EmbeddedLog::write(const std::string& record) {
  const auto place = peek_chain_place(record);
  if (const auto reason = reason_not_to_write(record, place)) return {AppendOutcome::not_written, {}, *reason};
  if (!database_ && !reopen()) {
    return {AppendOutcome::not_written, {}, lost_records_ ? errc::corrupt : errc::io_error};
  }
  const Offset offset{end_.load()};
  AnchorMark mark;
  {
    const std::lock_guard lock(anchor_mutex_);
    mark = advance(mark_, offset, record, place);
  }
  if (planted(Bug::anchor_before_frame) && write_anchors(mark).has_error()) {
    reopen();
    return {AppendOutcome::in_doubt, {}, errc::io_error};
  }
  rocksdb::WriteOptions options;
  options.sync = !planted(Bug::no_sync);
  const rocksdb::Status status = database_->Put(options, key_of(offset), record);
  if (status.ok() && planted(Bug::answer_before_anchor)) {
    end_.store(value(offset) + 1);
    return {AppendOutcome::durable, offset, {}};
  }
  if (!status.ok() || (!planted(Bug::anchor_before_frame) && write_anchors(mark).has_error())) {
    reopen();
    return {AppendOutcome::in_doubt, {}, status.IsNoSpace() ? errc::no_space : errc::io_error};
  }
  end_.store(value(offset) + 1, std::memory_order_release);
  return {AppendOutcome::durable, offset, {}};
}

boost::system::result<void> EmbeddedLog::write_anchors(const AnchorMark& mark) {
  const std::lock_guard lock(anchor_mutex_);
  for (AnchorFile& anchor : anchors_) {
    if (const auto written = anchor.write(mark); written.has_error()) return written;
  }
  mark_ = mark;
  return {};
}

/// After a failed write the open database can't be trusted with what it believes to have written. False: not now.
bool EmbeddedLog::reopen() {
  const std::unique_lock lock(database_mutex_);
  if (lost_records_) return false;
  const std::int64_t acknowledged = end_;
  database_.reset();
  try {
    open();
  } catch (const LogRefused& refused) {
    database_.reset();
    lost_records_ = refused.code() == errc::below_anchor;
    end_ = acknowledged;
    return false;
  }
  if (end_ >= acknowledged) return true;
  database_.reset();
  lost_records_ = true;
  end_ = acknowledged;
  return false;
}

bool EmbeddedLog::has_space(std::size_t bytes) const {
  return options_.free_bytes(options_.directory) >= options_.reserve_bytes + bytes;
}

}  // namespace countersign::bus
