#include "adapters/keys/key_store.h"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include "adapters/keys/cluster_keys.h"
#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_wrap.h"
#include "adapters/keys/random.h"
#include "adapters/keys/shared_rows.h"
#include "bus/hash.h"

namespace countersign::keys {

using boost::system::error_code;
using domain::AccountId;
using domain::UserId;

namespace {

rocksdb::Options database_options(const KeyStoreOptions& options, bool create) {
  rocksdb::Options db;
  db.create_if_missing = create;
  if (options.env != nullptr) db.env = options.env;
  // The default mode opened with half the acknowledged records after one flipped bit in the middle of a log.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.write_buffer_size = 16 << 20;
  db.target_file_size_base = 4 << 20;  // small tables: an erasure rewrites few bytes
  db.compression = rocksdb::kNoCompression;
  db.write_buffer_manager = options.write_buffers;
  db.delete_obsolete_files_period_micros = 0;  // look for forgotten files at every flush, not every six hours
  db.keep_log_file_num = 2;
  db.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return db;
}

[[noreturn]] void refuse(const std::string& directory, const std::string& what) {
  throw StartError("key store " + directory + ": " + what);
}

}  // namespace

bool key_store_exists(const std::filesystem::path& directory) {
  std::error_code ignored;
  return std::filesystem::exists(directory / "CURRENT", ignored);
}

std::unique_ptr<KeyStore> KeyStore::open(const std::filesystem::path& directory, const MasterKey& master, Mode mode,
                                         const KeyStoreOptions& options) {
  const std::string name = directory.string();
  const bool shared = options.topic && mode != Mode::read_only;
  const auto cluster_rows =
      shared ? cluster_rows_of(*options.topic, key_store_exists(directory)) : std::vector<bus::TableRow>();
  if (mode != Mode::create_if_missing && !key_store_exists(directory)) refuse(name, "there is none");
  if (mode == Mode::create_if_missing) {
    std::error_code error;
    if (std::filesystem::create_directories(directory, error)) {
      std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    }
    if (error) refuse(name, "the directory can't be made: " + error.message());
  }
  const auto db_options = database_options(options, mode == Mode::create_if_missing);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = mode == Mode::read_only ? rocksdb::DB::OpenForReadOnly(db_options, name, &db)
                                                         : rocksdb::DB::Open(db_options, name, &db);
  if (!status.ok()) {
    const bool locked = status.IsIOError() && status.ToString().find("LOCK") != std::string::npos;
    refuse(name, locked ? "is in use by another process" : "can't be opened: " + status.ToString());
  }
  std::unique_ptr<KeyStore> store(new KeyStore(std::unique_ptr<rocksdb::DB>(db), master, mode, options));
  if (shared)
    store->copy_topic(cluster_rows);
  else
    store->refuse_without_topic();
  store->load();
  if (shared) {
    KeyStore& copy = *store;
    options.topic->follow(copy.copied_to_, [&copy](auto rows, bus::Offset next) { return copy.apply(rows, next); });
  }
  return store;
}

KeyStore::KeyStore(std::unique_ptr<rocksdb::DB> db, const MasterKey& master, Mode mode, const KeyStoreOptions& options)
    : db_(std::move(db)),
      read_only_(mode == Mode::read_only),
      removal_patience_(options.removal_patience),
      master_(master),
      cache_(options.cached_subject_keys),
      topic_(read_only_ ? nullptr : options.topic),
      look_up_patience_(options.look_up_patience),
      copy_good_for_(options.copy_good_for) {
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions()));
  rows->SeekToFirst();
  // Empty: new, or a crash came between making the database and its first rows.
  if (!rows->Valid() && rows->status().ok() && mode == Mode::create_if_missing && !topic_) initialise();
}

KeyStore::~KeyStore() {
  if (topic_) topic_->stop();
}

void KeyStore::initialise() {
  rocksdb::WriteBatch batch;
  for (const bus::TableRow& row : fresh_cluster_rows(master_)) batch.Put(row.key, *row.value);
  if (const error_code error = write(batch)) refuse(db_->GetName(), "can't be written");
}

NamedKey KeyStore::load_cluster_key(std::string_view name) {
  std::string wrapped;
  if (!db_->Get(rocksdb::ReadOptions(), name, &wrapped).ok()) {
    refuse(db_->GetName(), "is damaged: " + std::string(name) + " is missing");
  }
  return opened_cluster_key(wrapped, name);
}

NamedKey KeyStore::opened_cluster_key(const std::string& wrapped, std::string_view name) const {
  if (const auto key = unwrap(wrapped, master_as_named(), name)) return *key;
  const bool same_id = wrapped.size() == wrapped_bytes && std::string_view(wrapped).substr(9, 8) == master_.id.view();
  refuse(db_->GetName(), same_id ? "the master key has the right id but doesn't open it: one of the two is damaged"
                                 : "wrong master key: the store belongs to master key " +
                                       hex(std::string_view(wrapped).substr(9, 8)) + ", the one given is " +
                                       hex(master_.id.view()));
}

void KeyStore::load() {
  std::string found;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), format_row, &found);
  if (!status.ok()) refuse(db_->GetName(), "is empty or damaged: " + status.ToString());
  if (found != format) refuse(db_->GetName(), "is of format " + found + ", which needs a newer release");
  load_cluster_key(check_row);
  cluster_ = {load_cluster_key(lookup_row), load_cluster_key(log_row), load_cluster_key(signing_row)};
  load_former_signing_keys();
  const auto walked = for_each_row(*db_, account_letter, [this](std::string_view row, std::string_view wrapped) {
    const auto key = row.size() == account_row_bytes ? unwrap(wrapped, master_as_named(), row) : std::nullopt;
    if (!key) refuse(db_->GetName(), "an account's key is damaged");
    accounts_.emplace(AccountId{domain::uuid_from(row.substr(1))}, *key);
  });
  if (!walked.ok()) refuse(db_->GetName(), "can't be read: " + walked.ToString());
  if (read_only_) return;
  if (const auto rows = unfinished_erasures(); !rows.empty()) {
    if (const error_code error = purge_erased(rows)) refuse(db_->GetName(), error.message());
  }
  const auto rotations = unreported_rotations();
  if (rotations.has_error()) refuse(db_->GetName(), rotations.error().message());
  if (rotations->empty()) return;
  // It may have been cut off before the old wrappings were gone.
  if (const error_code error = purge_old_wrappings()) refuse(db_->GetName(), error.message());
}

void KeyStore::load_former_signing_keys() {
  const auto walked =
      for_each_row(*db_, former_signing_rows.front(), [this](std::string_view row, std::string_view value) {
        if (!row.starts_with(former_signing_rows)) return;
        const auto key = unwrap(value, master_as_named(), row);
        if (!key) refuse(db_->GetName(), "a former signing key is damaged");
        former_signing_.push_back(*key);
      });
  if (!walked.ok()) refuse(db_->GetName(), "can't be read: " + walked.ToString());
}

KeyId KeyStore::master_id() const {
  const std::shared_lock lock(keys_mutex_);
  return master_.id;
}

error_code KeyStore::write(rocksdb::WriteBatch& batch) {
  if (read_only_) return errc::read_only;
  if (!topic_) return write_here(batch);
  const auto rows = shared_rows(batch);
  return rows.empty() ? write_here(batch) : write_shared(rows, batch);
}

error_code KeyStore::write_here(rocksdb::WriteBatch& batch, bool synced) {
  rocksdb::WriteOptions options;
  options.sync = synced;
  return db_->Write(options, &batch).ok() ? error_code() : error_code(errc::store_failed);
}

error_code KeyStore::create_account_key(AccountId account) {
  const std::lock_guard wrapping(wrapping_mutex_);
  if (wrapping_key_here(account)) return {};
  const NamedKey key{random_key_id(), random_key()};
  const std::string row = account_row(account);
  rocksdb::WriteBatch batch;
  batch.Put(row, wrap(key, master_as_named(), row));
  if (const error_code error = write(batch)) return error;
  const std::unique_lock lock(keys_mutex_);
  accounts_.emplace(account, key);
  return {};
}

std::optional<Key> KeyStore::account_key(AccountId account) const {
  const auto found = wrapping_key(account);
  return found ? std::optional(found->key) : std::nullopt;
}

std::optional<NamedKey> KeyStore::wrapping_key(AccountId account) const {
  auto found = wrapping_key_here(account);
  if (found || !topic_) return found;
  const auto row = account_row(account);
  const auto more = caught_up_for(row);
  if (more.has_error() || !*more) return found;
  found = wrapping_key_here(account);
  if (!found) missing_.add(row);
  return found;
}

std::optional<NamedKey> KeyStore::wrapping_key_here(AccountId account) const {
  const std::shared_lock lock(keys_mutex_);
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? std::nullopt : std::optional(found->second);
}

error_code KeyStore::create_subject_keys(AccountId account, std::span<const UserId> users) {
  const auto wrapping = wrapping_key(account);
  if (!wrapping) return errc::unknown_account;
  rocksdb::WriteBatch batch;
  std::vector<std::pair<Subject, Key>> made;
  made.reserve(users.size());
  std::string existing;
  for (const UserId user : users) {
    const Subject subject{account, user};
    const std::string row = subject_row(subject);
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), row, &existing);
    if (status.ok()) continue;
    if (!status.IsNotFound()) return errc::store_failed;
    made.emplace_back(subject, random_key());
    batch.Put(row, wrap({random_key_id(), made.back().second}, *wrapping, row));
  }
  if (made.empty()) return {};
  // Before the write, while nobody can have asked for them to be erased.
  for (const auto& [subject, key] : made) cache_.insert(subject, key);
  const error_code error = write(batch);
  if (error)
    for (const auto& [subject, key] : made) cache_.erase(subject);
  return error;
}

boost::system::result<std::optional<Key>> KeyStore::subject_key(AccountId account, UserId user) {
  const Subject subject{account, user};
  auto found = subject_key_here(subject);
  if (!topic_ || found.has_error() || *found) return found;
  const auto row = subject_row(subject);
  const auto more = caught_up_for(row);
  if (more.has_error()) return more.error();
  if (!*more) return found;
  found = subject_key_here(subject);
  if (found.has_value() && !*found) missing_.add(row);
  return found;
}

boost::system::result<std::optional<Key>> KeyStore::subject_key_here(const Subject& subject) {
  if (auto cached = cache_.find(subject)) return cached;
  const std::shared_lock lock(keys_mutex_);
  const auto wrapping = accounts_.find(subject.account);
  if (wrapping == accounts_.end()) return std::optional<Key>();
  const std::string row = subject_row(subject);
  std::string wrapped;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), row, &wrapped);
  if (status.IsNotFound()) return std::optional<Key>();
  if (!status.ok()) return errc::store_failed;
  const auto key = unwrap(wrapped, wrapping->second, row);
  if (!key) return errc::damaged;
  if (!erasing_.contains(subject)) cache_.insert(subject, key->key);
  return std::optional(key->key);
}

boost::system::result<std::vector<Subject>> KeyStore::subjects_after(const std::optional<Subject>& after,
                                                                     std::size_t limit) {
  const std::shared_lock lock(files_mutex_);
  std::vector<Subject> subjects;
  const std::string from = after ? subject_row(*after) + '\0' : std::string(1, subject_letter);
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions()));
  for (rows->Seek(from); rows->Valid() && subjects.size() < limit; rows->Next()) {
    const std::string_view row = rows->key().ToStringView();
    if (row.size() != subject_row_bytes || row[0] != subject_letter) break;
    subjects.push_back(subject_of(row));
  }
  if (!rows->status().ok()) return errc::store_failed;
  return subjects;
}

error_code KeyStore::checkpoint_to(const std::filesystem::path& directory, const std::function<error_code()>& before) {
  const std::lock_guard no_erasures(erasing_mutex_);
  if (before)
    if (const error_code error = before()) return error;
  const std::shared_lock lock(files_mutex_);
  rocksdb::Checkpoint* raw = nullptr;
  if (!rocksdb::Checkpoint::Create(db_.get(), &raw).ok()) return errc::store_failed;
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  return checkpoint->CreateCheckpoint(directory.string()).ok() ? error_code() : error_code(errc::store_failed);
}

}  // namespace countersign::keys
