#include "adapters/queries/seal_opener.h"

#include <gtest/gtest.h>

#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "adapters/keys/sealing.h"
#include "tests/support/scratch_directory.h"

namespace countersign::queries {
namespace {

struct SealOpenerTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  std::unique_ptr<keys::KeyStore> store = keys::KeyStore::open(
      scratch / "keys", keys::random_master_key(), keys::KeyStore::Mode::create_if_missing, {.cached_subject_keys = 1});
  const domain::AccountId account = keys::random_id<domain::AccountId>(1);
  const domain::UserId user = keys::random_id<domain::UserId>(1);
  domain::Seal seal{keys::random_id<domain::EventId>(1), {}, ""};

  void SetUp() override {
    ASSERT_FALSE(store->create_account_key(account));
    ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
    domain::Personal personal;
    personal.first_name = "Ada";
    keys::seal(keys::event_key(**store->subject_key(account, user), seal.event), seal.clear_hash,
               domain::encode_personal(personal), seal.sealed);
  }
};

TEST_F(SealOpenerTest, OpensWhatThePersonsKeySealed) {
  EXPECT_EQ(SealOpener(*store).of_user(account, user, seal)->first_name, "Ada");
}

TEST_F(SealOpenerTest, GivesNothingOfAPersonWhoseKeyWasDestroyed) {
  ASSERT_FALSE(store->erase_subject(account, user));
  EXPECT_FALSE(SealOpener(*store).of_user(account, user, seal));
}

TEST_F(SealOpenerTest, DoesNotTakeDamageForErasure) {
  seal.sealed.back() ^= 1;
  try {
    SealOpener(*store).of_user(account, user, seal);
    FAIL() << "a changed seal was taken for one of an erased person";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), keys::errc::damaged);
    EXPECT_NE(std::string(error.what()).find(seal.event.text()), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace countersign::queries
