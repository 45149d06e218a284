// Destroying keys: rows go in one write that marks them, then the bytes go from the files, then the marks.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/store_files.h"

namespace countersign::keys {

using boost::system::error_code;
using domain::AccountId;
using domain::UserId;

namespace {

constexpr std::size_t most_separate_ranges = 16;

}  // namespace

error_code KeyStore::erase_subject(AccountId account, UserId user) {
  const Subject subject{account, user};
  return erase_subjects({&subject, 1});
}

error_code KeyStore::erase_subjects(std::span<const Subject> subjects) {
  if (subjects.empty()) return {};
  if (topic_) {
    std::vector<std::string> wanted;
    for (const Subject& subject : subjects) wanted.push_back(subject_row(subject));
    if (const error_code error = caught_up_for(wanted)) return error;
  }
  const std::lock_guard erasing(erasing_mutex_);
  forget(subjects);
  std::vector<std::string> rows;
  const error_code error = delete_rows(subjects, rows);
  end_forgetting();
  return error || rows.empty() ? error : purge_erased(rows);
}

void KeyStore::forget(std::span<const Subject> subjects) {
  const std::unique_lock lock(keys_mutex_);
  erasing_.insert(subjects.begin(), subjects.end());
  for (const Subject& subject : subjects) cache_.erase(subject);
}

void KeyStore::end_forgetting() {
  const std::unique_lock lock(keys_mutex_);
  erasing_.clear();
}

error_code KeyStore::delete_rows(std::span<const Subject> subjects, std::vector<std::string>& rows) {
  rocksdb::WriteBatch batch;
  for (const Subject& subject : subjects)
    if (const error_code error = delete_row(subject_row(subject), batch, rows)) return error;
  return rows.empty() ? error_code() : write(batch);
}

error_code KeyStore::delete_row(const std::string& row, rocksdb::WriteBatch& batch, std::vector<std::string>& rows) {
  const std::string mark = erasing_row(row);
  std::string value;
  const auto kept = db_->Get(rocksdb::ReadOptions(), row, &value);
  const auto marked = db_->Get(rocksdb::ReadOptions(), mark, &value);
  if (kept.IsNotFound() && marked.IsNotFound()) return {};
  if ((!kept.ok() && !kept.IsNotFound()) || (!marked.ok() && !marked.IsNotFound())) return errc::store_failed;
  rows.push_back(row);
  batch.Delete(row);
  batch.Put(mark, "");  // so that a crash before the files are gone is made good at the next start
  return {};
}

error_code KeyStore::purge_erased(const std::vector<std::string>& rows) {
  std::vector<std::pair<std::string, std::string>> ranges;
  const auto [first, last] = std::minmax_element(rows.begin(), rows.end());
  if (rows.size() > most_separate_ranges) {
    ranges.emplace_back(*first, *last);
  } else {
    for (const std::string& row : rows) ranges.emplace_back(row, row);
  }
  if (const error_code error = purge(ranges)) return error;
  rocksdb::WriteBatch done;
  for (const std::string& row : rows) done.Delete(erasing_row(row));
  return write(done);
}

error_code KeyStore::purge(std::span<const std::pair<std::string, std::string>> ranges) {
  const std::unique_lock lock(files_mutex_);
  const auto old_wals = wal_files(*db_);
  // One more row, so that the memory table is not empty: only then the flush goes over to a fresh write-ahead log.
  if (!db_->Put(rocksdb::WriteOptions(), filler_row, "").ok()) return errc::store_failed;
  if (!db_->Flush(rocksdb::FlushOptions()).ok()) return errc::store_failed;
  rocksdb::CompactRangeOptions forced;
  forced.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (const auto& [first, last] : ranges) {
    const rocksdb::Slice begin(first), end(last);
    if (!db_->CompactRange(forced, &begin, &end).ok()) return errc::store_failed;
  }
  if (!wait_for_removal(*db_, old_wals, removal_patience_)) return errc::erase_unfinished;
  sync_directory(db_->GetName());  // a file removed after the last compaction would be back after a loss of power
  return {};
}

std::vector<std::string> KeyStore::unfinished_erasures() {
  std::vector<std::string> rows;
  const auto status = for_each_row(
      *db_, erasing_letter, [&rows](std::string_view row, std::string_view) { rows.push_back(row_being_erased(row)); });
  if (!status.ok()) throw StartError("key store " + db_->GetName() + ": can't be read: " + status.ToString());
  return rows;
}

}  // namespace countersign::keys
