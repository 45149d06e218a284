#include "adapters/keys/account_keys.h"

#include <rocksdb/db.h>

#include "adapters/keys/error.h"
#include "adapters/keys/key_rows.h"
#include "adapters/keys/key_wrap.h"

namespace countersign::keys {
namespace {

constexpr std::size_t cached_subject_keys = 65'536;

std::unique_ptr<rocksdb::DB> open(const std::filesystem::path& store) {
  std::error_code ignored;
  if (!std::filesystem::exists(store / "CURRENT", ignored))
    throw StartError("key store " + store.string() +
                     ": there is none, and without it an audit key opens nobody's seals: people's keys lie there");
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly({}, store.string(), &opened);
  if (!status.ok()) throw StartError("key store " + store.string() + ": can't be opened: " + status.ToString());
  return std::unique_ptr<rocksdb::DB>(opened);
}

}  // namespace

AccountKeys::AccountKeys(const std::filesystem::path& store, const AuditKey& key)
    : key_(key), store_(open(store)), cache_(cached_subject_keys) {
  // The account's own key is wrapped by the master key; which key it is stands beside it in clear.
  std::string wrapped;
  const auto found = store_->Get({}, account_row(key_.account), &wrapped);
  if (!found.ok() || wrapped.size() != wrapped_bytes || std::string_view(wrapped).substr(1, 8) != key_.key.id.view())
    throw StartError("key store " + store.string() + ": the audit key of " + account_text(key_.account) +
                     " belongs to another installation");
}

AccountKeys::~AccountKeys() = default;

std::optional<Key> AccountKeys::account_key(domain::AccountId account) const {
  return account == key_.account ? std::optional(key_.key.key) : std::nullopt;
}

boost::system::result<std::optional<Key>> AccountKeys::subject_key(domain::AccountId account, domain::UserId user) {
  const Subject subject{account, user};
  if (account != key_.account) return std::optional<Key>();
  if (auto cached = cache_.find(subject)) return cached;
  const std::string row = subject_row(subject);
  std::string wrapped;
  const auto status = store_->Get({}, row, &wrapped);
  if (status.IsNotFound()) return std::optional<Key>();
  if (!status.ok()) return errc::store_failed;
  const auto key = unwrap(wrapped, key_.key, row);
  if (!key) return errc::damaged;
  cache_.insert(subject, key->key);
  return std::optional(key->key);
}

}  // namespace countersign::keys
