// Secrets of others: what an account gave us to use at a receiver of its own. They are sealed by the account's key, so
// a rotation of the master key leaves them as they are.

#include <rocksdb/write_batch.h>

#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/key_wrap.h"

namespace countersign::keys {

using boost::system::error_code;

error_code KeyStore::add_secret(const SecretName& name, std::string_view secret, rocksdb::WriteBatch& batch) const {
  const auto sealing = wrapping_key(name.account);
  if (!sealing) return errc::unknown_account;
  if (secret.size() > most_secret_bytes) return errc::store_failed;
  const auto row = secret_row(name);
  batch.Put(row, wrap_secret(secret, *sealing, row));
  return {};
}

error_code KeyStore::keep_secret(const SecretName& name, std::string_view secret) {
  rocksdb::WriteBatch batch;
  if (const error_code error = add_secret(name, secret, batch)) return error;
  return write(batch);
}

error_code KeyStore::keep_secrets(std::span<const NamedSecret> secrets) {
  if (secrets.empty()) return {};
  rocksdb::WriteBatch batch;
  for (const auto& [name, secret] : secrets)
    if (const error_code error = add_secret(name, secret, batch)) return error;
  return write(batch);
}

boost::system::result<std::optional<std::string>> KeyStore::secret(const SecretName& name) const {
  auto found = secret_here(name);
  if (!topic_ || found.has_error() || *found) return found;
  const auto row = secret_row(name);
  const auto more = caught_up_for(row);
  if (more.has_error()) return more.error();
  if (!*more) return found;
  found = secret_here(name);
  if (found.has_value() && !*found) missing_.add(row);
  return found;
}

boost::system::result<std::optional<std::string>> KeyStore::secret_here(const SecretName& name) const {
  const auto sealing = wrapping_key_here(name.account);
  if (!sealing) return std::optional<std::string>();
  const auto row = secret_row(name);
  std::string wrapped;
  const auto status = db_->Get(rocksdb::ReadOptions(), row, &wrapped);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return errc::store_failed;
  auto secret = unwrap_secret(wrapped, *sealing, row);
  if (!secret) return errc::damaged;
  return secret;
}

error_code KeyStore::destroy_secrets(std::span<const SecretName> names) {
  if (names.empty()) return {};
  if (topic_) {
    std::vector<std::string> wanted;
    for (const auto& name : names) wanted.push_back(secret_row(name));
    if (const error_code error = caught_up_for(wanted)) return error;
  }
  const std::lock_guard erasing(erasing_mutex_);
  std::vector<std::string> rows;
  rocksdb::WriteBatch batch;
  for (const auto& name : names)
    if (const error_code error = delete_row(secret_row(name), batch, rows)) return error;
  if (rows.empty()) return {};
  if (const error_code error = write(batch)) return error;
  return purge_erased(rows);
}

boost::system::result<std::vector<SecretName>> KeyStore::secrets() const {
  std::vector<SecretName> names;
  const auto walked = for_each_row(*db_, secret_letter, [&](std::string_view row, std::string_view) {
    if (row.size() == secret_row_bytes) names.push_back(secret_of(row));
  });
  if (!walked.ok()) return errc::store_failed;
  return names;
}

}  // namespace countersign::keys
