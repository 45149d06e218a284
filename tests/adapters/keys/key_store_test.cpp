#include "adapters/keys/key_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <set>
#include <thread>

#include "adapters/keys/master_rotation.h"
#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/support/forgetful_file_system.h"

namespace countersign::keys {
namespace {

using test::ScratchDirectory;
using Mode = KeyStore::Mode;

std::string refusal_of(auto action) {
  try {
    action();
  } catch (const StartError& error) {
    return error.what();
  }
  return "not refused";
}

struct KeyStoreTest : ::testing::Test {
  ScratchDirectory scratch;
  const std::filesystem::path directory = scratch / "keys";
  const MasterKey master = random_master_key();
  const domain::AccountId account = random_id<domain::AccountId>(1);
  const domain::UserId user = random_id<domain::UserId>(1);

  std::unique_ptr<KeyStore> open(Mode mode = Mode::create_if_missing) {
    return KeyStore::open(directory, master, mode);
  }
};

TEST_F(KeyStoreTest, KeepsAllKeysOverARestart) {
  std::string lookup, log, signing, account_key, subject_key;
  {
    const auto store = open();
    ASSERT_FALSE(store->create_account_key(account));
    ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
    lookup = store->cluster().lookup.key.view();
    log = store->cluster().log.key.view();
    signing = store->cluster().signing.key.view();
    account_key = store->account_key(account)->view();
    subject_key = (*store->subject_key(account, user))->view();
  }
  EXPECT_EQ((std::set{lookup, log, signing, account_key, subject_key}.size()), 5u);
  for (const Mode mode : {Mode::open_existing, Mode::read_only, Mode::create_if_missing}) {
    const auto store = open(mode);
    EXPECT_EQ(store->cluster().lookup.key.view(), lookup);
    EXPECT_EQ(store->cluster().log.key.view(), log);
    EXPECT_EQ(store->cluster().signing.key.view(), signing);
    EXPECT_EQ(store->account_key(account)->view(), account_key);
    EXPECT_EQ((*store->subject_key(account, user))->view(), subject_key);
  }
}

TEST_F(KeyStoreTest, CreatingAgainLeavesKeysAlone) {
  const auto store = open();
  ASSERT_FALSE(store->create_account_key(account));
  ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
  const Key account_key = *store->account_key(account);
  const Key subject_key = **store->subject_key(account, user);
  ASSERT_FALSE(store->create_account_key(account));
  ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
  EXPECT_EQ(store->account_key(account)->view(), account_key.view());
  EXPECT_EQ((*store->subject_key(account, user))->view(), subject_key.view());
}

TEST_F(KeyStoreTest, SubjectsOfAnUnknownAccountAreRefused) {
  const auto store = open();
  EXPECT_EQ(store->create_subject_keys(account, {&user, 1}), errc::unknown_account);
  EXPECT_FALSE(store->subject_key(account, user)->has_value());
  EXPECT_FALSE(store->account_key(account).has_value());
}

TEST_F(KeyStoreTest, AWrongMasterKeyIsNamed) {
  open().reset();
  const MasterKey other = random_master_key();
  const auto text = refusal_of([&] { KeyStore::open(directory, other, Mode::create_if_missing); });
  EXPECT_NE(text.find("wrong master key"), std::string::npos) << text;
  EXPECT_NE(text.find(hex(master.id.view())), std::string::npos) << text;
  EXPECT_NE(text.find(hex(other.id.view())), std::string::npos) << text;
}

TEST_F(KeyStoreTest, AMasterKeyWithTheRightIdAndOtherBytesIsRefused) {
  open().reset();
  const auto text = refusal_of([&] { KeyStore::open(directory, {master.id, random_key()}, Mode::open_existing); });
  EXPECT_NE(text.find("right id"), std::string::npos) << text;
}

TEST_F(KeyStoreTest, AStoreOfANewerFormatIsRefusedInEveryMode) {
  open().reset();
  {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, directory.string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(db->Put({}, "f", "2").ok());
  }
  for (const Mode mode : {Mode::open_existing, Mode::read_only, Mode::create_if_missing}) {
    const auto text = refusal_of([&] { open(mode); });
    EXPECT_NE(text.find(directory.string() + ": is of format 2, which needs a newer release"), std::string::npos)
        << text;
  }
}

TEST_F(KeyStoreTest, AMissingStoreIsMadeOnlyWhenAsked) {
  EXPECT_NE(refusal_of([&] { open(Mode::open_existing); }).find("there is none"), std::string::npos);
  EXPECT_NE(refusal_of([&] { open(Mode::read_only); }).find("there is none"), std::string::npos);
  EXPECT_FALSE(key_store_exists(directory));
  open();
  EXPECT_TRUE(key_store_exists(directory));
}

TEST_F(KeyStoreTest, AStoreInUseIsSaidToBe) {
  const auto store = open();
  const auto text = refusal_of([&] { open(); });
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
}

TEST_F(KeyStoreTest, OpenedForReadingItWritesNothing) {
  {
    const auto store = open();
    ASSERT_FALSE(store->create_account_key(account));
  }
  const auto store = open(Mode::read_only);
  EXPECT_EQ(store->create_subject_keys(account, {&user, 1}), errc::read_only);
  EXPECT_EQ(store->create_account_key(random_id<domain::AccountId>(3)), errc::read_only);
  EXPECT_EQ(store->rotate_master(random_master_key()), errc::read_only);
}

TEST_F(KeyStoreTest, WalksThroughAllSubjects) {
  const auto store = open();
  std::set<Subject> expected, seen;
  for (int a = 0; a < 3; ++a) {
    const auto id = random_id<domain::AccountId>(a);
    ASSERT_FALSE(store->create_account_key(id));
    std::vector<domain::UserId> users;
    for (int u = 0; u < 100; ++u) users.push_back(random_id<domain::UserId>(u));
    ASSERT_FALSE(store->create_subject_keys(id, users));
    for (const auto u : users) expected.insert({id, u});
  }
  std::optional<Subject> after;
  for (;;) {
    const auto some = store->subjects_after(after, 64);
    ASSERT_TRUE(some);
    seen.insert(some->begin(), some->end());
    if (some->size() < 64) break;
    after = some->back();
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(KeyStoreTest, RotationChangesTheWrappingAndNothingElse) {
  const MasterKey fresh = random_master_key();
  std::string lookup, subject_key;
  {
    const auto store = open();
    ASSERT_FALSE(store->create_account_key(account));
    ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
    lookup = store->cluster().lookup.key.view();
    subject_key = (*store->subject_key(account, user))->view();
    ASSERT_FALSE(store->rotate_master(fresh));
  }
  // Every wrapped key names the key that wraps it: the old master key's id is nowhere left.
  EXPECT_EQ(test::files_that_hold(directory, std::string(master.id.view())), 0);
  EXPECT_NE(refusal_of([&] { open(); }).find("wrong master key"), std::string::npos);
  const auto store = KeyStore::open(directory, fresh, Mode::open_existing);
  EXPECT_EQ(store->cluster().lookup.key.view(), lookup);
  EXPECT_EQ((*store->subject_key(account, user))->view(), subject_key);
}

TEST_F(KeyStoreTest, ARotationIsRememberedUntilItIsReported) {
  auto store = open();
  EXPECT_TRUE(store->unreported_rotations().value().empty());
  const MasterKey fresh = random_master_key();
  ASSERT_FALSE(store->rotate_master(random_master_key()));
  ASSERT_FALSE(store->rotate_master(fresh));
  store.reset();
  store = KeyStore::open(directory, fresh, Mode::open_existing);
  const auto rotations = store->unreported_rotations().value();
  ASSERT_EQ(rotations.size(), 2u);
  ASSERT_FALSE(store->rotation_reported(rotations[0]));
  EXPECT_EQ(store->unreported_rotations().value(), std::vector{rotations[1]});
  ASSERT_FALSE(store->rotation_reported(rotations[1]));
  store.reset();
  EXPECT_TRUE(KeyStore::open(directory, fresh, Mode::read_only)->unreported_rotations().value().empty());
}

TEST_F(KeyStoreTest, ARotationCutOffAnywhereIsFinishedByTheNextStartOrNeverWas) {
  open().reset();
  const auto whole = scratch / "whole";
  std::filesystem::rename(directory, whole);
  int finished = 0;
  for (std::uint64_t operations = 1, done = 0; done == 0; ++operations) {
    std::filesystem::remove_all(directory);
    std::filesystem::copy(whole, directory, std::filesystem::copy_options::recursive);
    const MasterKey fresh = random_master_key();
    const auto disk = std::make_shared<testing::ForgetfulFileSystem>();
    const auto env = rocksdb::NewCompositeEnv(disk);
    {
      const auto store = KeyStore::open(directory, master, Mode::open_existing,
                                        {.env = env.get(), .removal_patience = std::chrono::milliseconds(100)});
      disk->lose_power_after(operations);
      done += !store->rotate_master(fresh);
    }
    disk->forget_unsynced(false);
    if (refusal_of([&] { open(Mode::read_only); }) == "not refused") continue;
    const auto old_wrappings = [&] { return test::files_that_hold(directory, std::string(master.id.view())); };
    finished += old_wrappings() > 0;
    const auto store = KeyStore::open(directory, fresh, Mode::open_existing);
    EXPECT_EQ(store->unreported_rotations().value().size(), 1u);
    EXPECT_EQ(old_wrappings(), 0) << operations;
  }
  EXPECT_GT(finished, 0);
}

TEST_F(KeyStoreTest, ACheckpointIsACompleteStore) {
  const auto store = open();
  ASSERT_FALSE(store->create_account_key(account));
  ASSERT_FALSE(store->create_subject_keys(account, {&user, 1}));
  ASSERT_FALSE(store->checkpoint_to(scratch / "copy"));
  const auto copy = KeyStore::open(scratch / "copy", master, Mode::read_only);
  EXPECT_EQ((*copy->subject_key(account, user))->view(), (*store->subject_key(account, user))->view());
}

TEST_F(KeyStoreTest, ManyThreadsCreateAndRead) {
  const auto store = open();
  ASSERT_FALSE(store->create_account_key(account));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, this, t] {
      for (int i = 0; i < 50; ++i) {
        const auto id = random_id<domain::UserId>(t);
        EXPECT_FALSE(store->create_subject_keys(account, {&id, 1}));
        EXPECT_TRUE(store->subject_key(account, id)->has_value());
        if (i % 10 == 0) {
          EXPECT_FALSE(store->erase_subject(account, id));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store->subjects_after({}, 1000)->size(), 4u * 45);
}

struct MasterRotationTest : KeyStoreTest {
  const std::filesystem::path file = scratch / "master-key";
  std::unique_ptr<KeyStore> open_with_file() { return open_with_master_file(directory, file, Mode::create_if_missing); }
};

TEST_F(MasterRotationTest, FileAndStoreChangeTogether) {
  auto store = open_with_file();
  const KeyId before = store->master_id();
  rotate_master_file(*store, file);
  EXPECT_NE(store->master_id(), before);
  EXPECT_EQ(load_master_key(file).id, store->master_id());
  EXPECT_EQ(load_master_key(file.string() + "." + hex(before.view())).id, before) << "older backups need it";
  store.reset();
  EXPECT_NO_THROW(open_with_file());
}

TEST_F(MasterRotationTest, ACrashBeforeTheStoreChangedLeavesTheOldPair) {
  open_with_file().reset();
  create_master_key(file.string() + ".new");
  auto store = open_with_file();
  EXPECT_EQ(load_master_key(file).id, store->master_id());
  rotate_master_file(*store, file);
  EXPECT_EQ(load_master_key(file).id, store->master_id());
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
}

TEST_F(MasterRotationTest, ACrashAfterTheStoreChangedIsFinishedAtTheNextStart) {
  {
    const auto store = open_with_file();
    ASSERT_FALSE(store->rotate_master(create_master_key(file.string() + ".new")));
  }
  const auto store = open_with_file();
  EXPECT_EQ(load_master_key(file).id, store->master_id());
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
}

TEST_F(MasterRotationTest, AMissingMasterKeyIsNeverMadeBesideAStore) {
  open_with_file().reset();
  std::filesystem::remove(file);
  const auto text = refusal_of([&] { open_with_file(); });
  EXPECT_NE(text.find("no such file"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace countersign::keys
