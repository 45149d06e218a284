#pragma once
// What an audit key reaches: its account's key, and with it the subject keys of that account that lie wrapped in a key
// store, which is opened for reading only and without its master key. Other accounts stay sealed.
//
// Concurrency: any thread.

#include <filesystem>

#include "adapters/keys/audit_key.h"
#include "adapters/keys/seal_keys.h"

namespace rocksdb {
class DB;
}

namespace countersign::keys {

class AccountKeys : public SealKeys {
 public:
  /// Throws StartError: there is no store, it can't be opened, or has another key for that account.
  AccountKeys(const std::filesystem::path& store, const AuditKey& key);
  ~AccountKeys() override;

  const AuditKey& audit_key() const { return key_; }

  std::optional<Key> account_key(domain::AccountId account) const override;
  boost::system::result<std::optional<Key>> subject_key(domain::AccountId account, domain::UserId user) override;
  std::shared_ptr<const domain::Personal> opened_profile(const Subject& subject, domain::EventId sealed_by) override {
    return cache_.profile(subject, sealed_by);
  }
  void keep_profile(const Subject& subject, domain::EventId sealed_by,
                    std::shared_ptr<const domain::Personal> profile) override {
    cache_.keep_profile(subject, sealed_by, std::move(profile));
  }

 private:
  const AuditKey key_;
  std::unique_ptr<rocksdb::DB> store_;
  KeyCache cache_;
};

}  // namespace countersign::keys
