// Erasing means that the bytes are gone from the files, so these tests read the files and not the database.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <future>
#include <thread>

#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/support/forgetful_file_system.h"

namespace countersign::keys {
namespace {

using test::files_that_hold;
using test::ScratchDirectory;
using Mode = KeyStore::Mode;

struct KeyErasureTest : ::testing::Test {
  ScratchDirectory scratch;
  const std::filesystem::path directory = scratch / "keys";
  const MasterKey master = random_master_key();
  const domain::AccountId account = random_id<domain::AccountId>(1);
  std::vector<domain::UserId> users;
  std::shared_ptr<testing::ForgetfulFileSystem> disk = std::make_shared<testing::ForgetfulFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);

  std::unique_ptr<KeyStore> open(Mode mode = Mode::create_if_missing, rocksdb::Env* on = nullptr) {
    return KeyStore::open(directory, master, mode, {.env = on});
  }

  void SetUp() override {
    const auto store = open();
    ASSERT_FALSE(store->create_account_key(account));
    add_users(*store, 3000);
  }

  void add_users(KeyStore& store, int count) {
    std::vector<domain::UserId> fresh;
    for (int i = 0; i < count; ++i) fresh.push_back(random_id<domain::UserId>(i));
    ASSERT_FALSE(store.create_subject_keys(account, fresh));
    users.insert(users.end(), fresh.begin(), fresh.end());
  }

  /// The sealed part of a user's wrapped key, as it lies in the database; the store must not be open for writing.
  std::string wrapped_bytes_of(domain::UserId user) {
    rocksdb::DB* raw = nullptr;
    if (!rocksdb::DB::OpenForReadOnly({}, directory.string(), &raw).ok()) return "?";
    const std::unique_ptr<rocksdb::DB> db(raw);
    std::string value;
    const std::string row = "s" + std::string(account.uuid.view()) + std::string(user.uuid.view());
    return db->Get({}, row, &value).ok() ? value.substr(29) : "?";
  }
};

TEST_F(KeyErasureTest, TheWrappedKeyIsInNoFileAfterwards) {
  const auto user = users[1500];
  const std::string wrapped = wrapped_bytes_of(user);
  ASSERT_EQ(wrapped.size(), 48u);
  ASSERT_GE(files_that_hold(directory, wrapped), 1);
  const auto store = open();
  ASSERT_TRUE(store->subject_key(account, user)->has_value());
  ASSERT_FALSE(store->erase_subject(account, user));
  EXPECT_EQ(files_that_hold(directory, wrapped), 0);
  EXPECT_FALSE(store->subject_key(account, user)->has_value());
  EXPECT_TRUE(store->subject_key(account, users[1499])->has_value());
  EXPECT_TRUE(store->subject_key(account, users[1501])->has_value());
}

TEST_F(KeyErasureTest, AKeyStillInTheMemoryTableAndTheNewestLogGoesToo) {
  const auto store = open();
  add_users(*store, 10);
  std::string wrapped;
  {
    ASSERT_FALSE(store->checkpoint_to(scratch / "copy"));  // to learn the bytes
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::OpenForReadOnly({}, (scratch / "copy").string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(
        db->Get({}, "s" + std::string(account.uuid.view()) + std::string(users.back().uuid.view()), &wrapped).ok());
    wrapped = wrapped.substr(29);
  }
  ASSERT_GE(files_that_hold(directory, wrapped), 1);
  ASSERT_FALSE(store->erase_subject(account, users.back()));
  EXPECT_EQ(files_that_hold(directory, wrapped), 0);
}

TEST_F(KeyErasureTest, ManyAtOnceAndAgain) {
  std::vector<Subject> some;
  std::vector<std::string> wrapped;
  for (int i = 0; i < 3000; i += 100) {
    some.push_back({account, users[i]});
    wrapped.push_back(wrapped_bytes_of(users[i]));
  }
  auto store = open(Mode::create_if_missing, env.get());
  ASSERT_FALSE(store->erase_subjects(some));
  for (const auto& bytes : wrapped) EXPECT_EQ(files_that_hold(directory, bytes), 0);
  const auto before = disk->operations();
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(store->erase_subjects(some));
  EXPECT_EQ(disk->operations(), before) << "what is already gone must cost nothing: every start erases everybody again";
  store.reset();
  store = open();
  for (const auto& subject : some) EXPECT_FALSE(store->subject_key(account, subject.user)->has_value());
  EXPECT_EQ(store->subjects_after({}, 10'000)->size(), 3000u - some.size());
}

/// While `write` waits for the disk, keys are found that are not in memory.
template <class Write>
void expect_keys_are_found_during(testing::ForgetfulFileSystem& disk, Write write,
                                  const std::function<bool()>& find_some) {
  disk.hold_syncs(true);
  std::jthread writer(write);
  while (disk.held_syncs() == 0) std::this_thread::yield();
  auto found = std::async(std::launch::async, find_some);
  const bool at_once = found.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  disk.hold_syncs(false);
  EXPECT_TRUE(at_once);
  EXPECT_TRUE(found.get());
}

TEST_F(KeyErasureTest, AWriteThatWaitsForTheDiskHoldsUpNobodyWhoLooksForAKey) {
  auto store = open(Mode::create_if_missing, env.get());
  std::size_t next = 0;
  const auto find_some = [&] {
    return store->account_key(account) && store->subject_key(account, users[next++]).value().has_value();
  };
  const Subject gone{account, users[2000]};
  ASSERT_TRUE(store->subject_key(account, gone.user)->has_value());
  expect_keys_are_found_during(
      *disk,
      [&] {
        EXPECT_FALSE(store->erase_subjects({&gone, 1}));
      },
      [&] {
        store->subject_key(account, gone.user).value();  // whether it is still there or not: it must not stay in memory
        return find_some();
      });
  EXPECT_FALSE(store->subject_key(account, gone.user)->has_value());
  expect_keys_are_found_during(
      *disk, [&] { EXPECT_FALSE(store->create_account_key(random_id<domain::AccountId>(2))); }, find_some);
  expect_keys_are_found_during(
      *disk, [&] { add_users(*store, 1); }, find_some);
}

TEST_F(KeyErasureTest, AnErasureCutOffByACrashIsFinishedAtTheNextStart) {
  const auto user = users[7];
  const std::string wrapped = wrapped_bytes_of(user);
  {
    // What erase_subjects() has written when the process dies before the files are rewritten.
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, directory.string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    const std::string row = std::string(account.uuid.view()) + std::string(user.uuid.view());
    ASSERT_TRUE(db->Delete({}, "s" + row).ok());
    ASSERT_TRUE(db->Put({}, "e" + row, "").ok());
  }
  ASSERT_GE(files_that_hold(directory, wrapped), 1);
  const auto store = open();
  EXPECT_EQ(files_that_hold(directory, wrapped), 0);
}

TEST_F(KeyErasureTest, AnUnknownUserIsErasedAlready) {
  const auto store = open();
  EXPECT_FALSE(store->erase_subject(account, random_id<domain::UserId>(5)));
  EXPECT_FALSE(store->erase_subject(random_id<domain::AccountId>(5), users[0]));
}

}  // namespace
}  // namespace countersign::keys
