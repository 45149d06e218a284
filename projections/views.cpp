#include "projections/views.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "projections/big_endian.h"
#include "projections/derived_database.h"

namespace countersign::projections {
namespace {

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache, bool rows, bool bulk) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (rows) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
  }
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;  // Debian's CRC32c doesn't use the processor's instruction
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = (rows ? 128u : 64u) << 20;  // 16 MiB is cheaper a put but stalls for 20 to 36 ms
  options.max_write_buffer_number = 3;
  options.compression = rocksdb::kLZ4Compression;
  if (bulk) {
    options.disable_auto_compactions = true;
    options.compression = rocksdb::kNoCompression;  // compactions compress what stays
  }
  return options;
}

/// A row on its way into a table. The key's bytes stand in it as numbers, so that sorting looks nowhere else.
struct SortedRow {
  std::array<std::uint64_t, (RowKey::most_bytes + 7) / 8> begin{};  ///< big-endian, zeros behind its end
  std::string_view key;
  const Row* row;  ///< null: the position

  SortedRow(std::string_view some_key, const Row* some_row) : key(some_key), row(some_row) {
    std::memcpy(begin.data(), key.data(), std::min(sizeof begin, key.size()));
    for (auto& word : begin) word = __builtin_bswap64(word);
  }
  bool operator<(const SortedRow& other) const { return begin != other.begin ? begin < other.begin : key < other.key; }
};

std::vector<SortedRow> sorted_rows(const Overlay& overlay) {
  std::vector<SortedRow> sorted;
  sorted.reserve(overlay.rows().size() + 1);
  for (const auto& [key, row] : overlay.rows()) sorted.emplace_back(key, &row);
  std::ranges::sort(sorted, std::less{});
  return sorted;
}

constexpr std::string_view version_key = "Vversion";  // no table begins with it: activation keys are longer

std::string version_text() {
  return "countersign-view-" + std::to_string(view_version);
}

}  // namespace

Views::Views(ViewOptions options) : options_(std::move(options)), hot_(options_.decoded_rows_bytes) {
  rocksdb::DBOptions db;
  db.create_if_missing = !options_.read_only;
  db.create_missing_column_families = true;
  db.atomic_flush = true;
  db.write_buffer_manager = options_.write_buffers;
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1 << 20;  // a flush must not make the log wait for the disk
  db.keep_log_file_num = 2;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.max_open_files = 512;
  const auto cache = rocksdb::NewLRUCache(options_.block_cache_bytes);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, family_options(cache, true, options_.bulk)},
      {"events", family_options(cache, false, options_.bulk)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status = options_.read_only
                          ? rocksdb::DB::OpenForReadOnly(db, options_.directory, families, &handles, &opened)
                          : rocksdb::DB::Open(db, options_.directory, families, &handles, &opened);
  require(status, "the views in " + options_.directory + " can't be opened");
  db_.reset(opened);
  rows_ = handles[0];
  events_ = handles[1];
  try {
    check_version();
    each_position([&](std::uint32_t partition, const bus::AcceptanceState& state) {
      last_days_[partition] = day_of(bus::value(state.time));
      newest_time_ = std::max(newest_time_.load(), bus::value(state.time));
    });
  } catch (...) {
    close();
    throw;
  }
}

Views::~Views() {
  close();
}

void Views::close() {
  if (!db_) return;
  for (auto* handle : {rows_, events_}) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
  db_.reset();
}

void Views::check_version() {
  std::string found;
  const auto status = db_->Get({}, rows_, slice(version_key), &found);
  if (status.IsNotFound() && !options_.read_only) {
    rocksdb::WriteOptions write;
    write.disableWAL = true;
    require(db_->Put(write, rows_, slice(version_key), version_text()), "views");
    return;
  }
  if (status.IsNotFound())
    throw std::runtime_error("the views in " + options_.directory +
                             " hold nothing yet: a running server writes them when it has enough, or stops");
  require(status, "the views in " + options_.directory + " name no version");
  if (found != version_text())
    throw std::runtime_error("the views in " + options_.directory + " are of another version (" + found +
                             ", this release reads " + version_text() + "): run countersign-replay rebuild");
}

std::optional<std::string> Views::get(std::string_view key) const {
  rocksdb::PinnableSlice value;
  const auto status = db_->Get({}, rows_, slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  require(status, "views: a row can't be read");
  return value.ToString();
}

std::shared_ptr<const void> Views::decoded(std::string_view key, Decode decode) const {
  const auto hot = hot_.find(key);
  if (hot.row) return hot.row;
  rocksdb::PinnableSlice value;
  const auto status = db_->Get({}, rows_, slice(key), &value);
  if (status.IsNotFound()) return nullptr;
  require(status, "views: a row can't be read");
  auto row = decode(view_of(value));
  hot_.offer(key, row, value.size(), hot.epoch);
  return row;
}

std::vector<std::optional<std::string>> Views::get(const std::vector<std::string>& keys) const {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet({}, rows_, slices.size(), slices.data(), values.data(), statuses.data());
  std::vector<std::optional<std::string>> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    require(statuses[i], "views: a row can't be read");
    found[i] = values[i].ToString();
  }
  return found;
}

void Views::land(const Overlay& overlay) {
  const std::lock_guard lock(landing_mutex_);
  const auto day = day_of(bus::value(overlay.time()));
  auto& last_day = last_days_[overlay.partition()];
  const bool days_ended = day > last_day + 1 || (day > last_day && last_day > 0);
  const auto answers_from = days_ended ? answer_key(overlay.partition(), day - 1, "") : "";
  if (options_.bulk)
    write_tables(overlay, answers_from);
  else
    write_batch(overlay, answers_from);
  last_day = std::max(last_day, day);
  newest_time_.store(std::max(newest_time_.load(), bus::value(overlay.time())), std::memory_order_release);
}

/// Answers before `answers_from` go, unless that is empty.
void Views::write_batch(const Overlay& overlay, const std::string& answers_from) {
  rocksdb::WriteBatch batch;
  const auto sorted = sorted_rows(overlay);
  std::vector<std::size_t> sizes;
  sizes.reserve(sorted.size());
  // In order: each row's place in the memory table is looked for from the one before it.
  for (const auto& [begin, key, row] : sorted) {
    const auto* text = std::get_if<std::string>(row);
    const auto bytes = text ? std::nullopt : encoded(*row);
    if (!text && bytes) text = &*bytes;
    require(text ? batch.Put(rows_, slice(key), slice(*text)) : batch.Delete(rows_, slice(key)), "views");
    sizes.push_back(text ? text->size() : 0);
  }
  for (const auto& [account, runs] : overlay.runs())
    for (const auto& run : runs)
      require(batch.Put(events_, events_key(account, run.first_sequence), encode_event_run(run.frame, run.events)),
              "views");
  if (!answers_from.empty())
    require(batch.DeleteRange(rows_, answer_key(overlay.partition(), 0, ""), answers_from), "views");
  require(batch.Put(rows_, position_key(overlay.partition()), bus::encode(overlay.position)), "views");
  rocksdb::WriteOptions write;
  write.disableWAL = true;
  require(db_->Write(write, &batch), "views: a batch can't be written");
  auto size = sizes.begin();
  for (const auto& [begin, key, row] : sorted) hot_.landed(key, decoded_row(*row), *size++);
  check_flush(batch.GetDataSize());
}

void Views::check_flush(std::size_t written) {
  if (unflushed_.fetch_add(written) + written < options_.flush_every_bytes) return;
  unflushed_ = 0;
  rocksdb::FlushOptions flush;
  flush.wait = false;
  flush.allow_write_stall = true;
  require(db_->Flush(flush, {rows_, events_}), "views: flush");
}

/// Both tables and the position become visible in one step, as a batch does.
void Views::write_tables(const Overlay& overlay, const std::string& answers_from) {
  const std::string rows_file = options_.directory + "/landing-rows.sst",
                    events_file = options_.directory + "/landing-events.sst";
  const auto position = bus::encode(overlay.position);
  const auto place = position_key(overlay.partition());
  auto sorted = sorted_rows(overlay);
  const SortedRow at_position(place, nullptr);
  sorted.insert(std::ranges::lower_bound(sorted, at_position, std::less{}), at_position);

  rocksdb::SstFileWriter rows({}, db_->GetOptions(rows_), rows_);
  require(rows.Open(rows_file), "views: a table can't be written");
  const auto answers_begin = answer_key(overlay.partition(), 0, "");
  if (!answers_from.empty()) require(rows.DeleteRange(slice(answers_begin), slice(answers_from)), "views");
  for (const auto& [begin, key, row] : sorted) {
    if (key >= answers_begin && key < answers_from) continue;
    const auto* text = row ? std::get_if<std::string>(row) : &position;
    const auto bytes = text ? std::nullopt : encoded(*row);
    if (!text && bytes) text = &*bytes;
    require(text ? rows.Put(slice(key), slice(*text)) : rows.Delete(slice(key)), "views");
  }
  require(rows.Finish(), "views: a table can't be written");
  std::vector<rocksdb::IngestExternalFileArg> files(1);
  files[0].column_family = rows_;
  files[0].external_files = {rows_file};
  files[0].options.move_files = true;

  if (!overlay.runs().empty()) {
    rocksdb::SstFileWriter events({}, db_->GetOptions(events_), events_);
    require(events.Open(events_file), "views: a table can't be written");
    for (const auto& [account, runs] : overlay.runs())
      for (const auto& run : runs)
        require(events.Put(events_key(account, run.first_sequence), encode_event_run(run.frame, run.events)), "views");
    require(events.Finish(), "views: a table can't be written");
    files.push_back(files[0]);
    files[1].column_family = events_;
    files[1].external_files = {events_file};
  }
  require(db_->IngestExternalFiles(files), "views: tables can't be taken in");
  for (const auto& [key, row] : overlay.rows()) hot_.landed(key, nullptr, 0);
}

bus::AcceptanceState Views::position(std::uint32_t partition) const {
  const auto row = get(position_key(partition));
  return row ? decoded_position(*row) : bus::AcceptanceState{};
}

bus::AcceptanceState Views::decoded_position(std::string_view row) const {
  const auto state = bus::decode_acceptance_state(row);
  if (!state) throw std::runtime_error("the views in " + options_.directory + " hold an unreadable position");
  return *state;
}

void Views::each_position(
    const std::function<void(std::uint32_t partition, const bus::AcceptanceState& state)>& visit) const {
  const std::string table(1, static_cast<char>(Table::position));
  scan(table, table, [&](std::string_view key, std::string_view row) {
    visit(static_cast<std::uint32_t>(read_big_endian(key.substr(1), 4)), decoded_position(row));
    return true;
  });
}

Positions Views::positions() const {
  Positions reached;
  each_position([&](std::uint32_t partition, const bus::AcceptanceState& state) { reached[partition] = state.last; });
  return reached;
}

bool is_position(std::string_view key) {
  return key.size() == 5 && key[0] == static_cast<char>(Table::position);
}

void Views::flush() {
  unflushed_ = 0;
  require(db_->Flush({}, {rows_, events_}), "views: flush");
}

void Views::checkpoint_to(const std::string& directory) {
  rocksdb::Checkpoint* checkpoint = nullptr;
  require(rocksdb::Checkpoint::Create(db_.get(), &checkpoint), "views: checkpoint");
  const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
  require(owned->CreateCheckpoint(directory), "views: checkpoint to " + directory);
}

std::uint64_t Views::disk_bytes() const {
  std::uint64_t rows = 0, events = 0;
  db_->GetIntProperty(rows_, "rocksdb.total-sst-files-size", &rows);
  db_->GetIntProperty(events_, "rocksdb.total-sst-files-size", &events);
  return rows + events;
}

}  // namespace countersign::projections
