// Audit keys: their text, and that one opens the subject keys of its own account and of no other.

#include "adapters/keys/audit_key.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "adapters/keys/account_keys.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "tests/support/scratch_directory.h"

namespace countersign::keys {
namespace {

using domain::AccountId;
using domain::UserId;

AuditKey an_audit_key() {
  return {random_id<AccountId>(1), {random_key_id(), random_key()}};
}

TEST(AuditKeyText, ReadsAsWhatWasWritten) {
  for (int i = 0; i < 50; ++i) {
    const auto key = an_audit_key();
    const auto text = text_of(key);
    EXPECT_EQ(text.substr(0, 8), "csaudit_");
    EXPECT_EQ(text.size(), 88u);
    const auto parsed = parse_audit_key(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->account, key.account);
    EXPECT_EQ(parsed->key.id, key.key.id);
    EXPECT_EQ(parsed->key.key.view(), key.key.key.view());
  }
}

TEST(AuditKeyText, ThatWasMistypedIsNone) {
  const auto text = text_of(an_audit_key());
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto wrong = text;
    wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(parse_audit_key(wrong)) << at;
    EXPECT_FALSE(parse_audit_key(text.substr(0, at))) << at;
  }
  EXPECT_FALSE(parse_audit_key(text + "A"));
}

TEST(AccountKeys, AreThoseOfOneAccount) {
  const testing::ScratchDirectory scratch;
  const std::filesystem::path directory = scratch / "keys";
  const auto mine = random_id<AccountId>(1), other = random_id<AccountId>(1);
  const auto ada = random_id<UserId>(1), bob = random_id<UserId>(1), otto = random_id<UserId>(1);
  std::optional<AuditKey> key;
  std::optional<Key> adas;
  {
    const auto store = KeyStore::open(directory, random_master_key(), KeyStore::Mode::create_if_missing);
    ASSERT_FALSE(store->create_account_key(mine));
    ASSERT_FALSE(store->create_account_key(other));
    for (const auto& user : {ada, bob}) ASSERT_FALSE(store->create_subject_keys(mine, {&user, 1}));
    ASSERT_FALSE(store->create_subject_keys(other, {&otto, 1}));
    ASSERT_FALSE(store->erase_subject(mine, bob));
    key = AuditKey{mine, *store->named_account_key(mine)};
    adas = *store->subject_key(mine, ada);
  }
  AccountKeys keys(directory, *key);
  EXPECT_EQ(keys.account_key(mine)->view(), key->key.key.view());
  EXPECT_FALSE(keys.account_key(other));
  EXPECT_EQ((*keys.subject_key(mine, ada))->view(), adas->view());
  EXPECT_FALSE(*keys.subject_key(mine, bob)) << "erased";
  EXPECT_FALSE(*keys.subject_key(other, otto)) << "another account's";
  auto wrong = *key;
  wrong.key.key = random_key();
  EXPECT_EQ(AccountKeys(directory, wrong).subject_key(mine, ada).error(), errc::damaged);
  wrong.key.id = random_key_id();
  EXPECT_THROW(AccountKeys(directory, wrong), StartError) << "another installation's";
  EXPECT_THROW(AccountKeys(scratch / "nowhere", *key), StartError);
}

TEST(AuditKeyFile, IsItsOwnersAlone) {
  const testing::ScratchDirectory scratch;
  const std::filesystem::path file = scratch / "audit-key";
  const auto key = an_audit_key();
  EXPECT_THROW(load_audit_key(file), StartError);
  std::ofstream(file) << text_of(key) << "\n";
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  EXPECT_THROW(load_audit_key(file), StartError);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  EXPECT_EQ(load_audit_key(file).account, key.account);
  std::ofstream(file) << "nonsense\n";
  EXPECT_THROW(load_audit_key(file), StartError);
}

}  // namespace
}  // namespace countersign::keys
