// Seeds open for who has all that it takes, and what was destroyed is in no file any more.

#include "adapters/otp/seeds.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "adapters/keys/error.h"
#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"

namespace countersign::otp {
namespace {

using keys::random_id;

struct SeedsTest : ::testing::Test {
  keys::test::ScratchDirectory scratch;
  std::unique_ptr<keys::KeyStore> store = keys::KeyStore::open(
      scratch / "keys", keys::create_master_key(scratch / "master-key"), keys::KeyStore::Mode::create_if_missing, {});
  std::vector<domain::AuthenticatorId> left_for_later;
  Seeds seeds{*store, [this](domain::AccountId, domain::AuthenticatorId id) { left_for_later.push_back(id); }};
  const SeedName name{random_id<domain::AccountId>(1), random_id<domain::UserId>(1),
                      random_id<domain::AuthenticatorId>(1)};
  const std::string seed = "a seed of twenty bytes";

  void SetUp() override {
    ASSERT_FALSE(store->create_account_key(name.account));
    ASSERT_FALSE(store->create_subject_keys(name.account, {&name.user, 1}));
    ASSERT_FALSE(seeds.keep(name, seed));
  }
  std::string sealed() const { return **store->secret({name.account, name.authenticator.uuid}); }
  /// As it stands in the files: the account's key has sealed it once more.
  std::string stored() const {
    rocksdb::DB* raw = nullptr;
    EXPECT_TRUE(rocksdb::DB::OpenForReadOnly({}, (scratch / "keys").string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    std::string value;
    const auto row = "d" + std::string(name.account.uuid.view()) + std::string(name.authenticator.uuid.view());
    EXPECT_TRUE(db->Get({}, row, &value).ok());
    return value;
  }
};

TEST_F(SeedsTest, OneThatIsKeptOpensAsItWas) {
  EXPECT_EQ(**seeds.open(name), seed);
  EXPECT_EQ(sealed().find(seed), std::string::npos);
}

TEST_F(SeedsTest, ItOpensUnderItsOwnNameOnly) {
  const domain::UserId other = random_id<domain::UserId>(2);
  ASSERT_FALSE(store->create_subject_keys(name.account, {&other, 1}));
  EXPECT_EQ(seeds.open({name.account, other, name.authenticator}).error(), keys::errc::damaged);
  EXPECT_FALSE(seeds.open({name.account, name.user, random_id<domain::AuthenticatorId>(1)})->has_value());
}

TEST_F(SeedsTest, WhatIsDestroyedIsInNoFile) {
  const auto row = stored();
  ASSERT_GE(keys::test::files_that_hold(scratch / "keys", row), 1);
  ASSERT_FALSE(seeds.destroy(name.account, name.authenticator));
  EXPECT_EQ(keys::test::files_that_hold(scratch / "keys", row), 0);
  EXPECT_FALSE(seeds.open(name)->has_value());
  EXPECT_TRUE(store->secrets()->empty());
  EXPECT_TRUE(left_for_later.empty());
  EXPECT_FALSE(seeds.destroy(name.account, name.authenticator)) << "once more";
}

TEST_F(SeedsTest, OfSomebodyWhoWasErasedNoneOpens) {
  ASSERT_FALSE(store->erase_subject(name.account, name.user));
  const auto opened = seeds.open(name);
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(opened->has_value());
  EXPECT_EQ(seeds.keep({name.account, name.user, random_id<domain::AuthenticatorId>(3)}, seed),
            keys::errc::unknown_account);
}

TEST_F(SeedsTest, OfAHardwareTokenOutlivesItsUsers) {
  domain::Authenticator token{.id = random_id<domain::AuthenticatorId>(4), .type = domain::AuthenticatorType::hardware};
  const auto another = random_id<domain::AuthenticatorId>(5);
  const std::vector<Seeds::TokenSeed> both{{token.id, seed}, {another, "another"}};
  ASSERT_FALSE(seeds.keep(name.account, both));
  const auto owned = seed_name(name.account, name.user, token);
  EXPECT_FALSE(owned.user);
  EXPECT_EQ(**seeds.open(owned), seed);
  EXPECT_EQ(seeds.open({name.account, name.user, token.id}).error(), keys::errc::damaged) << "it isn't the user's";
  ASSERT_FALSE(store->erase_subject(name.account, name.user));
  EXPECT_EQ(**seeds.open(owned), seed);
  ASSERT_FALSE(seeds.destroy(name.account, std::vector{token.id, another}));
  EXPECT_FALSE(seeds.open(owned)->has_value());
  EXPECT_EQ(store->secrets()->size(), 1u);
}

TEST_F(SeedsTest, ASeedOfAnAccountThatIsNotThereIsNotKept) {
  const std::vector<Seeds::TokenSeed> one{{name.authenticator, seed}};
  EXPECT_EQ(seeds.keep(random_id<domain::AccountId>(9), one), keys::errc::unknown_account);
}

TEST_F(SeedsTest, WhatCannotBeDestroyedIsLeftToWhoDoesItLater) {
  store = {};
  store = keys::KeyStore::open(scratch / "keys", keys::load_master_key(scratch / "master-key"),
                               keys::KeyStore::Mode::read_only, {});
  Seeds read_only(*store, [this](domain::AccountId, domain::AuthenticatorId id) { left_for_later.push_back(id); });
  EXPECT_TRUE(read_only.destroy(name.account, name.authenticator));
  EXPECT_EQ(left_for_later, std::vector{name.authenticator});
}

TEST_F(SeedsTest, WithNothingToOpenItIsPretended) {
  seeds.pretend_to_open();
  seeds.pretend_to_open();
  EXPECT_EQ(**seeds.open(name), seed);
}

}  // namespace
}  // namespace countersign::otp
