// Changing the keys that wrap or sign, each in one write, and leaving word of a new master key for the log; then the
// old wrappings' bytes go.

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/key_wrap.h"
#include "adapters/keys/random.h"

namespace countersign::keys {

using boost::system::error_code;

error_code KeyStore::rotate_master(const MasterKey& fresh) {
  if (topic_) return errc::shared;
  {
    const std::lock_guard wrapping_all(wrapping_mutex_);
    const std::unique_lock lock(keys_mutex_);
    const NamedKey wrapping{fresh.id, fresh.key};
    rocksdb::WriteBatch batch;
    batch.Put(check_row, wrap(known_constant(), wrapping, check_row));
    batch.Put(lookup_row, wrap(cluster_.lookup, wrapping, lookup_row));
    batch.Put(log_row, wrap(cluster_.log, wrapping, log_row));
    batch.Put(signing_row, wrap(cluster_.signing, wrapping, signing_row));
    for (std::size_t i = 0; i < former_signing_.size(); ++i) {
      const auto row = former_signing_row(i);
      batch.Put(row, wrap(former_signing_[i], wrapping, row));
    }
    for (const auto& [account, key] : accounts_) {
      const std::string row = account_row(account);
      batch.Put(row, wrap(key, wrapping, row));
    }
    batch.Put(rotation_row(domain::Uuid{random_bytes<16>()}), "");
    if (const error_code error = write(batch)) return error;
    master_ = fresh;
  }
  return purge_old_wrappings();
}

error_code KeyStore::purge_old_wrappings() {
  // Whoever holds the old master key and a later copy of the files must not be able to open anything.
  const std::pair<std::string, std::string> wrapped_by_master{std::string(1, account_letter), "d"};
  return purge({&wrapped_by_master, 1});
}

boost::system::result<std::vector<domain::Uuid>> KeyStore::unreported_rotations() const {
  std::vector<domain::Uuid> rotations;
  const auto walked = for_each_row(*db_, rotation_letter, [&](std::string_view row, std::string_view) {
    if (row.size() == rotation_row_bytes) rotations.push_back(domain::uuid_from(row.substr(1)));
  });
  if (!walked.ok()) return errc::store_failed;
  return rotations;
}

error_code KeyStore::rotation_reported(const domain::Uuid& rotation) {
  rocksdb::WriteBatch batch;
  batch.Delete(rotation_row(rotation));
  return write(batch);
}

std::vector<PublicKey> KeyStore::former_signing_keys() const {
  std::vector<PublicKey> keys(former_signing_.size());
  for (std::size_t i = 0; i < keys.size(); ++i) std::ranges::copy(former_signing_[i].key.view(), keys[i].begin());
  return keys;
}

error_code KeyStore::rotate_signing() {
  if (topic_) return errc::shared;
  {
    const std::lock_guard wrapping_all(wrapping_mutex_);
    const std::unique_lock lock(keys_mutex_);
    const auto key = public_key_of(cluster_.signing.key);
    const NamedKey former{cluster_.signing.id, Key(key)}, fresh{random_key_id(), random_key()};
    const auto row = former_signing_row(former_signing_.size());
    rocksdb::WriteBatch batch;
    batch.Put(row, wrap(former, master_as_named(), row));
    batch.Put(signing_row, wrap(fresh, master_as_named(), signing_row));
    if (const error_code error = write(batch)) return error;
    former_signing_.push_back(former);
    cluster_.signing = fresh;
  }
  return purge_old_wrappings();
}

}  // namespace countersign::keys
