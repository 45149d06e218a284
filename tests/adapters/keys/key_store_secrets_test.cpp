// Secrets of others: kept, moved nowhere, gone from the files when they are destroyed.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"

namespace countersign::keys {
namespace {

using test::files_that_hold;
using test::ScratchDirectory;
using Mode = KeyStore::Mode;

struct KeyStoreSecrets : ::testing::Test {
  ScratchDirectory scratch;
  const std::filesystem::path directory = scratch / "keys";
  MasterKey master = random_master_key();
  const domain::AccountId account = random_id<domain::AccountId>(1), other = random_id<domain::AccountId>(2);
  const SecretName name{account, random_uuid(3)};
  const std::string secret = "-----BEGIN PRIVATE KEY-----\n" + std::string(3000, 'x') + "\n";

  std::unique_ptr<KeyStore> open() { return KeyStore::open(directory, master, Mode::create_if_missing); }
  void SetUp() override {
    const auto store = open();
    ASSERT_FALSE(store->create_account_key(account));
    ASSERT_FALSE(store->create_account_key(other));
    ASSERT_FALSE(store->keep_secret(name, secret));
  }
  /// The store must not be open for writing.
  std::string row_of(const SecretName& of) {
    return "d" + std::string(of.account.uuid.view()) + std::string(of.name.view());
  }
  std::unique_ptr<rocksdb::DB> raw() {
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open({}, directory.string(), &db).ok());
    return std::unique_ptr<rocksdb::DB>(db);
  }
};

TEST_F(KeyStoreSecrets, AreReadBackByTheirNameAlone) {
  const auto store = open();
  EXPECT_EQ(store->secret(name).value(), secret);
  EXPECT_FALSE(store->secret({other, name.name}).value());
  EXPECT_FALSE(store->secret({account, random_uuid(4)}).value());
  EXPECT_FALSE(store->secret({random_id<domain::AccountId>(9), name.name}).value());
  EXPECT_EQ(store->secrets().value(), std::vector{name});
}

TEST_F(KeyStoreSecrets, NeedAnAccountAndHaveALimit) {
  const auto store = open();
  EXPECT_EQ(store->keep_secret({random_id<domain::AccountId>(9), {}}, "x"), errc::unknown_account);
  EXPECT_TRUE(store->keep_secret({account, random_uuid(5)}, std::string(most_secret_bytes + 1, 'x')));
  EXPECT_FALSE(store->keep_secret({account, random_uuid(5)}, std::string(most_secret_bytes, 'x')));
  EXPECT_FALSE(store->keep_secret({account, random_uuid(6)}, ""));
}

TEST_F(KeyStoreSecrets, SeveralAreKeptAllOrNone) {
  const auto store = open();
  std::vector<NamedSecret> several;
  for (int i = 0; i < 300; ++i) several.push_back({{account, random_uuid(10 + i)}, std::to_string(i)});
  ASSERT_FALSE(store->keep_secrets(several));
  for (const auto& [each, text] : several) EXPECT_EQ(store->secret(each).value(), text);
  const std::vector<NamedSecret> flawed{{{account, random_uuid(7)}, "x"}, {{random_id<domain::AccountId>(9), {}}, "y"}};
  EXPECT_EQ(store->keep_secrets(flawed), errc::unknown_account);
  EXPECT_FALSE(store->secret(flawed.front().name).value());
  EXPECT_FALSE(store->keep_secrets({}));
}

TEST_F(KeyStoreSecrets, DontLieInClear) {
  EXPECT_EQ(files_that_hold(directory, secret.substr(0, 100)), 0);
}

TEST_F(KeyStoreSecrets, AreNotTakenForAnothersInAnotherRow) {
  const SecretName moved{account, random_uuid(7)};
  {
    const auto db = raw();
    std::string value;
    ASSERT_TRUE(db->Get({}, row_of(name), &value).ok());
    ASSERT_TRUE(db->Put({}, row_of(moved), value).ok());
  }
  const auto store = open();
  EXPECT_EQ(store->secret(moved).error(), errc::damaged);
  EXPECT_TRUE(store->secret(name).value());
}

TEST_F(KeyStoreSecrets, StayWhenTheMasterKeyIsRotated) {
  const auto fresh = random_master_key();
  ASSERT_FALSE(open()->rotate_master(fresh));
  master = fresh;
  EXPECT_EQ(open()->secret(name).value(), secret);
}

TEST_F(KeyStoreSecrets, AreInNoFileOnceTheyAreDestroyed) {
  std::string wrapped;
  {
    const auto db = raw();
    ASSERT_TRUE(db->Get({}, row_of(name), &wrapped).ok());
  }
  const auto sealed = wrapped.substr(40, 64);
  ASSERT_GE(files_that_hold(directory, sealed), 1);
  const SecretName kept{account, random_uuid(8)};
  const auto store = open();
  ASSERT_FALSE(store->keep_secret(kept, "kept"));
  ASSERT_FALSE(store->destroy_secrets({&name, 1}));
  EXPECT_EQ(files_that_hold(directory, sealed), 0);
  EXPECT_FALSE(store->secret(name).value());
  EXPECT_EQ(store->secret(kept).value(), "kept");
  EXPECT_FALSE(store->destroy_secrets({&name, 1})) << "what is gone already costs nothing";
  EXPECT_FALSE(store->destroy_secrets({}));
}

TEST_F(KeyStoreSecrets, ADestructionThatWasCutOffIsFinishedByTheNextStart) {
  std::string wrapped;
  {
    const auto db = raw();
    ASSERT_TRUE(db->Get({}, row_of(name), &wrapped).ok());
    rocksdb::WriteBatch batch;  // as destroy_secrets() writes it, before the files go
    batch.Delete(row_of(name));
    batch.Put("e" + row_of(name), "");
    ASSERT_TRUE(db->Write({}, &batch).ok());
  }
  const auto store = open();
  EXPECT_EQ(files_that_hold(directory, wrapped.substr(40, 64)), 0);
  EXPECT_TRUE(store->secrets().value().empty());
}

}  // namespace
}  // namespace countersign::keys
