// A key store as the copy of a table that all nodes of a cluster share. What is written goes to the table first; what
// comes from there is compared with the rows here, so that one's own rows coming back change nothing.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>

#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/key_wrap.h"
#include "adapters/keys/shared_rows.h"
#include "bus/errc.h"

namespace countersign::keys {

using boost::system::error_code;

namespace {

constexpr std::size_t most_in_doubt = 65'536;

[[noreturn]] void refuse(const std::string& directory, const std::string& what) {
  throw StartError("key store " + directory + ": " + what);
}

std::string_view key_id_in(std::string_view wrapped) {
  return wrapped.substr(1, KeyId{}.view().size());
}

}  // namespace

/// What rows of the topic come to here.
struct KeyStore::Incoming {
  bool all;  ///< all of the topic has been applied with them
  std::map<std::string_view, const bus::TableRow*> newest;
  std::vector<std::pair<domain::AccountId, NamedKey>> accounts;
  std::vector<std::string> destroyed;
};

error_code KeyStore::write_shared(const std::vector<bus::TableRow>& rows, rocksdb::WriteBatch& batch) {
  {
    const std::lock_guard lock(applying_mutex_);
    for (const auto& row : rows)
      if (row.value && in_doubt_.contains(row.key)) return errc::in_doubt;
  }
  const auto next = topic_->put(rows);
  const std::lock_guard lock(applying_mutex_);
  for (const auto& row : rows) {
    if (next.has_error()) {
      if (in_doubt_.size() >= most_in_doubt) in_doubt_.erase(in_doubt_.begin());
      if (row.value) in_doubt_.insert(row.key);
    } else if (row.value) {
      missing_.remove(row.key);
    } else {
      destroyed_[row.key] = *next;
      missing_.add(row.key);
    }
  }
  return next.has_error() ? next.error() : write_here(batch);
}

error_code KeyStore::apply(std::span<const bus::TableRow> rows, bus::Offset next) {
  Incoming incoming{.all = rows.empty() && !copying_};
  std::vector<Subject> forgotten;
  bool destroys = false;
  for (const auto& row : rows)
    if (is_shared(row.key)) incoming.newest[row.key] = &row;
  for (const auto& [key, row] : incoming.newest) {
    if (row->value) continue;
    if (!may_be_destroyed(key)) return errc::contradiction;
    destroys = true;
    if (key.front() == subject_letter) forgotten.push_back(subject_of(key));
  }
  std::unique_lock erasing(erasing_mutex_, std::defer_lock);
  if (destroys) {
    erasing.lock();
    forget(forgotten);
  }
  const error_code error = write_incoming(incoming, next);
  if (destroys) end_forgetting();
  if (error) return error;
  if (!incoming.accounts.empty()) {
    const std::unique_lock lock(keys_mutex_);
    for (const auto& [account, key] : incoming.accounts) accounts_.emplace(account, key);
  }
  if (copying_ || incoming.destroyed.empty()) return {};
  return purge_erased(incoming.destroyed);
}

error_code KeyStore::write_incoming(Incoming& incoming, bus::Offset next) {
  const std::lock_guard lock(applying_mutex_);
  if (!copying_ && is_out_of_date(all_at_)) return errc::out_of_date;
  rocksdb::WriteBatch batch;
  for (const auto& [key, row] : incoming.newest) {
    const error_code error =
        row->value ? compare(*row, incoming, batch) : delete_row(row->key, batch, incoming.destroyed);
    if (error) return error;
  }
  const bool synced = batch.Count() > 0;
  if (incoming.all) all_at_ = wall_clock();
  batch.Put(position_row, encode({next, all_at_}));
  if (const error_code error = write_here(batch, synced)) return error;
  for (const auto& [key, row] : incoming.newest) {
    in_doubt_.erase(row->key);
    if (!row->value)
      missing_.add(row->key);
    else if (!destroyed_.contains(row->key))
      missing_.remove(row->key);
  }
  std::erase_if(destroyed_, [next](const auto& at) { return at.second <= next; });
  return {};
}

error_code KeyStore::compare(const bus::TableRow& row, Incoming& incoming, rocksdb::WriteBatch& batch) {
  std::string here;
  const auto status = db_->Get(rocksdb::ReadOptions(), row.key, &here);
  if (!status.ok() && !status.IsNotFound()) return errc::store_failed;
  if (status.ok() && here == *row.value) return {};
  if (!may_be_destroyed(row.key)) {
    if (status.ok()) return errc::contradiction;
    if (row.key.front() == account_letter) {
      const auto key = unwrap(*row.value, master_as_named(), row.key);
      if (!key) return errc::contradiction;
      incoming.accounts.emplace_back(domain::AccountId{domain::uuid_from(row.key.substr(1))}, *key);
    }
  } else if (status.ok()) {
    if (row.key.front() == subject_letter) cache_.erase(subject_of(row.key));
  } else if (destroyed_.contains(row.key)) {
    return {};
  }
  batch.Put(row.key, *row.value);
  return {};
}

boost::system::result<bool> KeyStore::caught_up_for(const std::string& row) const {
  if (missing_.contains(row)) return false;
  if (!topic_->caught_up(look_up_patience_)) return errc::topic_behind;
  return true;
}

error_code KeyStore::caught_up_for(std::span<const std::string> rows) const {
  std::string ignored;
  const auto is_here = [&](const std::string& row) { return db_->Get(rocksdb::ReadOptions(), row, &ignored).ok(); };
  std::vector<std::string> absent;
  for (const auto& row : rows)
    if (!missing_.contains(row) && !is_here(row)) absent.push_back(row);
  if (absent.empty()) return {};
  if (!topic_->caught_up(look_up_patience_)) return errc::topic_behind;
  for (const auto& row : absent)
    if (!is_here(row)) missing_.add(row);
  return {};
}

void KeyStore::refuse_without_topic() const {
  std::string copied;
  if (read_only_ || !db_->Get(rocksdb::ReadOptions(), position_row, &copied).ok()) return;
  refuse(db_->GetName(), "is a copy of a cluster's keys, which can't be changed at one node");
}

/// Whether the copy has to be made anew. Throws when it isn't one of this topic.
bool KeyStore::begins_anew(const std::vector<bus::TableRow>& cluster_rows) const {
  std::string here;
  const auto found = [&](std::string_view row) { return db_->Get(rocksdb::ReadOptions(), row, &here).ok(); };
  for (const auto& row : cluster_rows) {
    if (found(row.key) && key_id_in(here) != key_id_in(*row.value))
      refuse(db_->GetName(), "belongs to another cluster than the topic of the cluster's keys");
  }
  if (found(anew_row)) return true;
  if (!found(position_row)) {
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions()));
    rows->SeekToFirst();
    if (rows->Valid() || !rows->status().ok())
      refuse(db_->GetName(), "was not copied from the topic of the cluster's keys; move the directory away, and it is");
    return false;
  }
  const auto copied = decode_copied_to(here);
  return !copied || is_out_of_date(copied->all_at);
}

bool KeyStore::is_out_of_date(bus::TimeMs all_at) const {
  const auto age_ms = bus::value(wall_clock()) - bus::value(all_at);
  return age_ms < 0 || age_ms >= copy_good_for_.count();
}

void KeyStore::copy_topic(const std::vector<bus::TableRow>& cluster_rows) {
  opened_cluster_key(*std::ranges::find(cluster_rows, check_row, &bus::TableRow::key)->value, check_row);
  bool anew = begins_anew(cluster_rows);
  copying_ = true;
  const bus::TimeMs begun_at = wall_clock();
  const auto stop_at = [this](const error_code& error) {
    if (error) refuse(db_->GetName(), "the topic of the cluster's keys can't be copied: " + error.message());
  };
  const auto copy_from = [this](bus::Offset from) {
    return topic_->read(from, [this](auto rows, bus::Offset next) { return apply(rows, next); });
  };
  std::string here;
  CopiedTo begun{bus::Offset{}, begun_at};
  if (anew)
    stop_at(empty());
  else if (db_->Get(rocksdb::ReadOptions(), position_row, &here).ok())
    begun = *decode_copied_to(here);
  all_at_ = begun.all_at;
  auto copied = copy_from(begun.next);
  if (!anew && copied.has_error() && copied.error() == bus::errc::truncated) {  // the topic was made anew, too
    anew = true;
    stop_at(empty());
    all_at_ = begun_at;
    copied = copy_from(bus::Offset{});
  }
  if (copied.has_error()) stop_at(copied.error());
  if (!db_->Get(rocksdb::ReadOptions(), format_row, &here).ok())
    refuse(db_->GetName(),
           "the topic of the cluster's keys is not complete; delete it, create it anew and run `countersign cluster "
           "init`, or move the keys again");
  rocksdb::WriteBatch done;
  all_at_ = begun_at;
  done.Put(position_row, encode({*copied, all_at_}));
  stop_at(write_here(done));
  if (anew) stop_at(end_anew());
  copied_to_ = *copied;
  copying_ = false;
}

/// All rows that are the cluster's go, in one write that says that they are to be copied again.
error_code KeyStore::empty() {
  rocksdb::WriteBatch batch;
  for (const char letter : shared_letters)
    batch.DeleteRange(std::string(1, letter), std::string(1, static_cast<char>(letter + 1)));
  batch.Delete(position_row);
  batch.Put(anew_row, "");
  return write_here(batch);
}

error_code KeyStore::end_anew() {
  const std::pair<std::string, std::string> all{std::string(1, '\0'), "\xff"};
  if (const error_code error = purge({&all, 1})) return error;
  rocksdb::WriteBatch done;
  done.Delete(anew_row);
  return write_here(done);
}

}  // namespace countersign::keys
