#pragma once
// The keys of an installation, in a database of their own outside the log: cluster keys and one key per account,
// wrapped by the master key; one subject key per user, wrapped by the account's; and secrets of others that an account
// gave us to use (a receiver's), sealed by it, too. Every write is durable when its call returns.
//
// Erasing a subject means that its wrapped key is in no file of the store's directory any more: delete, flush, forced
// compaction of that range, and waiting until the old files are gone. Copies elsewhere (backups) are beyond reach.
//
// On several nodes the keys are rows of a table that they share (KeyStoreOptions::topic); the database is then a copy
// of it. What is made or destroyed is durable there before it is here, and what other nodes make or destroy comes from
// there (adapters/keys/key_store_topic.cpp). What a look-up doesn't find here it looks for among what has just come.
// An error of the table (bus::errc) leaves a write in doubt: a key may be there that nobody uses. Two nodes must not
// create a key under the same name.
//
// Concurrency: all calls from any thread; erase and rotation run one at a time. Two threads must not create a key for
// the same user at the same moment (ids are drawn by one caller, so nobody does).
// Errors: open() throws StartError; afterwards error codes of keys::errc.

#include <boost/system/result.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "adapters/keys/ed25519.h"
#include "adapters/keys/error.h"
#include "adapters/keys/key_cache.h"
#include "adapters/keys/master_key.h"
#include "adapters/keys/missing_rows.h"
#include "adapters/keys/seal_keys.h"
#include "bus/shared_table.h"
#include "domain/ids.h"

namespace rocksdb {
class DB;
class Env;
class Slice;
class WriteBatch;
class WriteBufferManager;
}  // namespace rocksdb

namespace countersign::keys {

struct ClusterKeys {
  NamedKey lookup;   ///< HMAC of codes, tokens, API keys, addresses
  NamedKey log;      ///< HMAC of frames and claims
  NamedKey signing;  ///< Ed25519 seed (RFC 8032)
};

/// A secret of others in the store.
struct SecretName {
  domain::AccountId account;
  domain::Uuid name;
  auto operator<=>(const SecretName&) const = default;
};
struct NamedSecret {
  SecretName name;
  std::string secret;
};
inline constexpr std::size_t most_secret_bytes = 64 * 1024;

struct KeyStoreOptions {
  std::size_t cached_subject_keys = 65'536;
  rocksdb::Env* env = nullptr;                         ///< for tests that forget unsynced bytes
  std::chrono::milliseconds removal_patience{30'000};  ///< how long erased bytes' files may take to vanish
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  /// The cluster's keys, of which this store is a copy; followed while the store is open. Null: they are here alone.
  /// Not used when opened for reading.
  std::shared_ptr<bus::SharedTable> topic;
  std::chrono::milliseconds look_up_patience{2'000};  ///< for what other nodes have just written
  /// A copy that wasn't kept up for longer is made anew: what tells of keys destroyed meanwhile may be gone from the
  /// topic, after delete.retention.ms (24 hours at least).
  std::chrono::milliseconds copy_good_for{std::chrono::hours(12)};
};

/// Whether a key store was ever begun there: then a missing master key is mislaid, and none may be made.
bool key_store_exists(const std::filesystem::path& directory);

class KeyStore : public SealKeys {
 public:
  enum class Mode { open_existing, create_if_missing, read_only };

  static std::unique_ptr<KeyStore> open(const std::filesystem::path& directory, const MasterKey& master, Mode mode,
                                        const KeyStoreOptions& options = {});
  ~KeyStore() override;

  const ClusterKeys& cluster() const { return cluster_; }
  KeyId master_id() const;
  /// Public keys that signed before the present one, the oldest first.
  std::vector<PublicKey> former_signing_keys() const;
  /// A new signing key takes the present one's place, whose public half stays and whose secret half is in no file of
  /// the store any more afterwards. Not while somebody signs. With a topic: errc::shared.
  boost::system::error_code rotate_signing();

  /// Keys that exist are left alone.
  boost::system::error_code create_account_key(domain::AccountId account);
  std::optional<Key> account_key(domain::AccountId account) const override;
  /// With its id, to be given to an auditor.
  std::optional<NamedKey> named_account_key(domain::AccountId account) const { return wrapping_key(account); }

  /// One durable write for all; keys that exist are left alone.
  boost::system::error_code create_subject_keys(domain::AccountId account, std::span<const domain::UserId> users);
  /// Nothing when it was erased or never made.
  boost::system::result<std::optional<Key>> subject_key(domain::AccountId account, domain::UserId user) override;

  std::shared_ptr<const domain::Personal> opened_profile(const Subject& subject, domain::EventId sealed_by) override {
    return cache_.profile(subject, sealed_by);
  }
  void keep_profile(const Subject& subject, domain::EventId sealed_by,
                    std::shared_ptr<const domain::Personal> profile) override {
    cache_.keep_profile(subject, sealed_by, std::move(profile));
  }

  /// Idempotent, and cheap for what is already gone.
  boost::system::error_code erase_subject(domain::AccountId account, domain::UserId user);
  boost::system::error_code erase_subjects(std::span<const Subject> subjects);

  /// At most `limit` subjects after `after` in their order, for walking through all of them; fewer means the end.
  boost::system::result<std::vector<Subject>> subjects_after(const std::optional<Subject>& after, std::size_t limit);

  /// Any bytes, most_secret_bytes at most, under a name that was never used before.
  boost::system::error_code keep_secret(const SecretName& name, std::string_view secret);
  /// The same for several, in one durable write.
  boost::system::error_code keep_secrets(std::span<const NamedSecret> secrets);
  /// Nothing when it was destroyed or never kept.
  boost::system::result<std::optional<std::string>> secret(const SecretName& name) const;
  /// As erase_subjects(): afterwards it is in no file of the store's directory.
  boost::system::error_code destroy_secrets(std::span<const SecretName> names);
  boost::system::result<std::vector<SecretName>> secrets() const;

  /// Wraps everything that the master key wraps under `fresh`, in one write, which also leaves word of it for the log;
  /// then removes the old wrappings' bytes. After a crash the store belongs either to the old or to the new master key.
  /// With a topic, whose rows can't be changed all at once: errc::shared.
  boost::system::error_code rotate_master(const MasterKey& fresh);
  /// The second half alone, for a rotation that was broken off between the two.
  boost::system::error_code purge_old_wrappings();
  /// Rotations, each under a name of its own, that no event is known to tell of. Until then opening the store for
  /// writing removes the old wrappings' bytes again.
  boost::system::result<std::vector<domain::Uuid>> unreported_rotations() const;
  boost::system::error_code rotation_reported(const domain::Uuid& rotation);

  /// A consistent copy in `directory`, which must not exist. No key is destroyed between the beginning of `before`,
  /// which copies what needs the keys, and the end of the copy: otherwise somebody erased meanwhile would be in one
  /// copy with rows and in the other without a key.
  boost::system::error_code checkpoint_to(const std::filesystem::path& directory,
                                          const std::function<boost::system::error_code()>& before = {});

  /// Rows of the topic up to `next`, in order, as the topic hands them over. Idempotent. Keys that were destroyed are
  /// in no file of the store's directory afterwards. No rows: that is all there is. Errors: errc::out_of_date,
  /// errc::contradiction (cluster or account keys differ from
  /// those known), and those of the other calls; nothing was forgotten then, and repeating the call goes on.
  boost::system::error_code apply(std::span<const bus::TableRow> rows, bus::Offset next);

  /// Writes all rows that are a cluster's to a table, and makes this store a copy of it, which can't be opened for
  /// writing without the table any more (adapters/keys/cluster_keys.h).
  boost::system::error_code move_to(bus::SharedTable& topic);

 private:
  struct Incoming;
  KeyStore(std::unique_ptr<rocksdb::DB> db, const MasterKey& master, Mode mode, const KeyStoreOptions& options);
  void initialise();
  void load();
  NamedKey load_cluster_key(std::string_view name);
  NamedKey opened_cluster_key(const std::string& wrapped, std::string_view name) const;
  void load_former_signing_keys();
  /// To the topic first, where the rows are the cluster's.
  boost::system::error_code write(rocksdb::WriteBatch& batch);
  boost::system::error_code write_here(rocksdb::WriteBatch& batch, bool synced = true);
  boost::system::error_code add_secret(const SecretName& name, std::string_view secret,
                                       rocksdb::WriteBatch& batch) const;
  boost::system::error_code write_shared(const std::vector<bus::TableRow>& rows, rocksdb::WriteBatch& batch);

  void copy_topic(const std::vector<bus::TableRow>& cluster_rows);
  void refuse_without_topic() const;
  bool begins_anew(const std::vector<bus::TableRow>& cluster_rows) const;
  bool is_out_of_date(bus::TimeMs all_at) const;
  boost::system::error_code empty();
  boost::system::error_code end_anew();
  boost::system::error_code write_incoming(Incoming& incoming, bus::Offset next);
  boost::system::error_code compare(const bus::TableRow& row, Incoming& incoming, rocksdb::WriteBatch& batch);
  /// True: what was in the topic when this was called is here now. False: not needed, the row is known to be missing.
  boost::system::result<bool> caught_up_for(const std::string& row) const;
  boost::system::error_code caught_up_for(std::span<const std::string> rows) const;
  void forget(std::span<const Subject> subjects);
  void end_forgetting();

  std::optional<NamedKey> wrapping_key(domain::AccountId account) const;
  std::optional<NamedKey> wrapping_key_here(domain::AccountId account) const;
  boost::system::result<std::optional<Key>> subject_key_here(const Subject& subject);
  boost::system::result<std::optional<std::string>> secret_here(const SecretName& name) const;
  /// Marks those that are there, `rows`, as being erased, in the same write.
  boost::system::error_code delete_rows(std::span<const Subject> subjects, std::vector<std::string>& rows);
  boost::system::error_code delete_row(const std::string& row, rocksdb::WriteBatch& batch,
                                       std::vector<std::string>& rows);
  /// Removes the bytes of what was overwritten or deleted in [first, last].
  boost::system::error_code purge(std::span<const std::pair<std::string, std::string>> ranges);
  boost::system::error_code purge_erased(const std::vector<std::string>& rows);
  std::vector<std::string> unfinished_erasures();
  NamedKey master_as_named() const { return {master_.id, master_.key}; }

  std::unique_ptr<rocksdb::DB> db_;
  const bool read_only_;
  const std::chrono::milliseconds removal_patience_;
  MasterKey master_;
  ClusterKeys cluster_;
  std::vector<NamedKey> former_signing_;  ///< public keys, wrapped all the same: so nobody can plant one
  std::unordered_map<domain::AccountId, NamedKey, domain::UuidHash> accounts_;
  KeyCache cache_;
  /// Held by whoever makes an account's key or wraps all of them anew: the write comes between looking and remembering.
  std::mutex wrapping_mutex_;
  /// Guards accounts_, master_ and erasing_. Never held while a disk is waited for, but by a rotation: look-ups take
  /// it.
  mutable std::shared_mutex keys_mutex_;
  /// Their keys may still be read, and must not be cached any more.
  std::unordered_set<Subject, SubjectHash> erasing_;
  /// Held by whoever needs old files to vanish; shared by those who keep files alive (walks, checkpoints).
  std::shared_mutex files_mutex_;
  /// Held by erasures, and by a copy of the store with what belongs to it.
  std::mutex erasing_mutex_;

  const std::shared_ptr<bus::SharedTable> topic_;  ///< null: none
  const std::chrono::milliseconds look_up_patience_;
  const std::chrono::milliseconds copy_good_for_;
  bus::Offset copied_to_{};  ///< where following begins
  bool copying_ = false;     ///< before the store is open: what is destroyed is purged at the end
  /// Held while rows of the cluster are compared with those here and written; after the ones above. Guards the next
  /// three.
  std::mutex applying_mutex_;
  bus::TimeMs all_at_{};  ///< when the copy was known to be all of the topic
  /// Destroyed here at this offset of the topic, which hasn't been applied: older rows of it are still to come.
  std::unordered_map<std::string, bus::Offset> destroyed_;
  /// Put into the topic with unknown outcome: a second value would leave it open which one counts.
  std::unordered_set<std::string> in_doubt_;
  mutable MissingRows missing_;
};

}  // namespace countersign::keys
