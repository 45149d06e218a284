// Key stores of several nodes as copies of one table: what one makes the others have, what one destroys is in no file
// of any of them, and a copy can be begun, cut off and made anew at any moment.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <future>

#include "adapters/keys/cluster_keys.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/master_rotation.h"
#include "adapters/keys/random.h"
#include "bus/errc.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/support/memory_table.h"

namespace countersign::keys {
namespace {

using test::files_that_hold;
using test::ScratchDirectory;
using testing::MemoryTable;
using testing::MemoryTableLog;
using Mode = KeyStore::Mode;
using Puts = MemoryTable::Puts;

std::string refusal_of(auto action) {
  try {
    action();
  } catch (const StartError& error) {
    return error.what();
  }
  return "not refused";
}

/// The cluster's rows of a store that isn't open for writing.
std::vector<bus::TableRow> rows_in(const std::filesystem::path& directory) {
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::OpenForReadOnly({}, directory.string(), &raw).ok()) throw std::runtime_error("can't be opened");
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::vector<bus::TableRow> rows;
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (std::string_view("acdfs").find(at->key()[0]) != std::string_view::npos)
      rows.push_back({at->key().ToString(), at->value().ToString()});
  }
  return rows;
}

struct Node {
  std::shared_ptr<MemoryTable> topic;
  std::unique_ptr<KeyStore> store;
  KeyStore* operator->() const { return store.get(); }
};

void close(auto&... nodes) {
  ((nodes = {}), ...);
}

struct KeyTopicTest : ::testing::Test {
  ScratchDirectory scratch;
  const MasterKey master = random_master_key();
  const std::shared_ptr<MemoryTableLog> log = std::make_shared<MemoryTableLog>();
  const domain::AccountId account = random_id<domain::AccountId>(1);
  const domain::UserId user = random_id<domain::UserId>(1);
  const SecretName secret{account, domain::Uuid{random_bytes<16>()}};
  KeyStoreOptions options;

  void SetUp() override {
    MemoryTable topic(log);
    make_cluster_keys(master, topic, {&account, 1});
  }

  Node open(const std::string& name, const MasterKey& with) {
    Node node{std::make_shared<MemoryTable>(log), nullptr};
    KeyStoreOptions shared = options;
    shared.topic = node.topic;
    node.store = KeyStore::open(scratch / name, with, Mode::create_if_missing, shared);
    return node;
  }
  Node open(const std::string& name) { return open(name, master); }

  std::vector<domain::UserId> make_users(Node& node, int count) {
    std::vector<domain::UserId> users;
    for (int i = 0; i < count; ++i) users.push_back(random_id<domain::UserId>(i));
    EXPECT_FALSE(node->create_subject_keys(account, users));
    return users;
  }
  std::string subject_row_of(domain::UserId of) const {
    return "s" + std::string(account.uuid.view()) + std::string(of.uuid.view());
  }
  std::string secret_row() const { return "d" + std::string(account.uuid.view()) + std::string(secret.name.view()); }
  /// What is sealed in the newest value of the row in the topic.
  std::string sealed_bytes(const std::string& key) const {
    const std::lock_guard lock(log->mutex);
    for (auto row = log->rows.rbegin(); row != log->rows.rend(); ++row)
      if (*row && (*row)->key == key && (*row)->value) return (*row)->value->substr(29);
    return "no such row";
  }
  int files_with(const std::string& node, const std::string& bytes) const {
    return files_that_hold(scratch / node, bytes);
  }
};

TEST_F(KeyTopicTest, WhatOneNodeMakesTheOthersHaveAtOnce) {
  auto a = open("a"), b = open("b"), c = open("c");
  const auto other = random_id<domain::AccountId>(2);
  ASSERT_FALSE(a->create_account_key(other));
  ASSERT_FALSE(b->create_subject_keys(other, {&user, 1}));
  ASSERT_FALSE(c->keep_secret({other, secret.name}, "a receiver's secret"));
  const std::vector<NamedSecret> seeds{{{other, random_uuid(5)}, "one"}, {{other, random_uuid(6)}, "two"}};
  ASSERT_FALSE(a->keep_secrets(seeds));
  for (const auto* node : {&a, &b, &c}) {
    EXPECT_EQ((*node)->account_key(other)->view(), a->account_key(other)->view());
    EXPECT_EQ((*node)->named_account_key(other)->id.view(), a->named_account_key(other)->id.view());
    EXPECT_EQ((**(*node)->subject_key(other, user)).view(), (**b->subject_key(other, user)).view());
    EXPECT_EQ(**(*node)->secret({other, secret.name}), "a receiver's secret");
    for (const auto& [name, seed] : seeds) EXPECT_EQ(**(*node)->secret(name), seed);
    EXPECT_EQ((*node)->cluster().log.key.view(), a->cluster().log.key.view());
  }
}

TEST_F(KeyTopicTest, EveryCopyHasTheSameRowsAsTheTopic) {
  auto a = open("a"), b = open("b");
  const auto users = make_users(a, 1200);
  ASSERT_FALSE(b->keep_secret(secret, "sealed"));
  const std::vector<Subject> gone{{account, users[3]}, {account, users[700]}};
  ASSERT_FALSE(b->erase_subjects(gone));
  ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
  ASSERT_TRUE(b.topic->caught_up(std::chrono::hours(1)));
  auto c = open("c");
  close(a, b, c);
  const auto table = log->table();
  EXPECT_EQ(table.size(), 1198u + 1 + 1 + 4 + 1);
  EXPECT_EQ(rows_in(scratch / "a"), table);
  EXPECT_EQ(rows_in(scratch / "b"), table);
  EXPECT_EQ(rows_in(scratch / "c"), table);
}

TEST_F(KeyTopicTest, WhatIsDestroyedOnOneNodeIsInNoFileOfAny) {
  auto a = open("a"), b = open("b");
  const auto users = make_users(a, 300);
  ASSERT_FALSE(a->keep_secret(secret, "what nobody may read any more"));
  ASSERT_TRUE(b->subject_key(account, users[5])->has_value());
  ASSERT_TRUE(b->secret(secret)->has_value());
  std::vector<Subject> gone;
  std::vector<std::string> bytes{sealed_bytes(secret_row())};
  for (std::size_t i = 0; i < users.size(); i += 10) {
    gone.push_back({account, users[i + 5]});
    bytes.push_back(sealed_bytes(subject_row_of(users[i + 5])));
  }
  for (const auto& some : bytes) ASSERT_GE(files_with("b", some), 1);
  ASSERT_FALSE(a->erase_subjects(gone));
  ASSERT_FALSE(a->destroy_secrets({&secret, 1}));
  for (const auto& some : bytes) EXPECT_EQ(files_with("a", some), 0);
  ASSERT_TRUE(b.topic->caught_up(std::chrono::hours(1)));
  for (const auto& some : bytes) EXPECT_EQ(files_with("b", some), 0);
  for (const auto& subject : gone) {
    EXPECT_FALSE(a->subject_key(account, subject.user)->has_value());
    EXPECT_FALSE(b->subject_key(account, subject.user)->has_value());
  }
  EXPECT_FALSE(b->secret(secret)->has_value());
  EXPECT_TRUE(b->subject_key(account, users[6])->has_value());
  EXPECT_FALSE(b->erase_subjects(gone)) << "another node has done it already";
  EXPECT_FALSE(b->destroy_secrets({&secret, 1}));
  const auto end = log->end();
  EXPECT_FALSE(b->erase_subjects(gone));
  EXPECT_EQ(log->end(), end) << "what is gone everywhere needs no row";
}

TEST_F(KeyTopicTest, AnErasureReachesAKeyThatHasNotCome) {
  auto a = open("a"), b = open("b");
  b.topic->hold(true);
  const auto users = make_users(a, 1);
  auto erased = std::async(std::launch::async, [&] { return b->erase_subject(account, users[0]); });
  while (b.topic->questions() == 0) std::this_thread::yield();
  b.topic->hold(false);
  EXPECT_FALSE(erased.get());
  ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
  EXPECT_FALSE(a->subject_key(account, users[0])->has_value());
  EXPECT_EQ(log->table().size(), 6u);
}

TEST_F(KeyTopicTest, OnesOwnRowsThatComeBackLateBringNothingBack) {
  auto a = open("a");
  a.topic->hold(true);
  const auto users = make_users(a, 2);
  const auto bytes = sealed_bytes(subject_row_of(users[0]));
  ASSERT_FALSE(a->erase_subject(account, users[0]));
  ASSERT_EQ(files_with("a", bytes), 0);
  // The row that made the key, alone: the one that destroyed it comes afterwards.
  const bus::TableRow made{subject_row_of(users[0]), std::string(29, 'x') + bytes};
  ASSERT_FALSE(a->apply({&made, 1}, a.topic->position()));
  EXPECT_EQ(files_with("a", bytes), 0);
  const auto after = a->subject_key(account, users[0]);
  EXPECT_TRUE(after.has_value() && !after->has_value());
  a.topic->hold(false);
  ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
  EXPECT_EQ(files_with("a", bytes), 0);
  EXPECT_TRUE(a->subject_key(account, users[1])->has_value());
}

TEST_F(KeyTopicTest, WhoIsErasedCostsOneQuestion) {
  auto a = open("a"), b = open("b");
  const auto users = make_users(a, 2);
  ASSERT_TRUE(b->subject_key(account, users[0])->has_value());
  ASSERT_FALSE(a->erase_subject(account, users[0]));
  ASSERT_TRUE(b.topic->caught_up(std::chrono::hours(1)));
  const auto stranger = random_id<domain::UserId>(9);
  for (const auto missing : {users[0], stranger}) {
    ASSERT_FALSE(b->subject_key(account, missing)->has_value());
    const auto asked = b.topic->questions();
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(b->subject_key(account, missing)->has_value());
    EXPECT_EQ(b.topic->questions(), asked);
  }
  ASSERT_FALSE(a->create_subject_keys(account, {&stranger, 1}));
  ASSERT_TRUE(b.topic->caught_up(std::chrono::hours(1)));
  EXPECT_TRUE(b->subject_key(account, stranger)->has_value());
}

TEST_F(KeyTopicTest, WhatCannotBeLearntInTimeIsNoErasure) {
  options.look_up_patience = std::chrono::milliseconds(1);
  auto a = open("a"), b = open("b");
  b.topic->hold(true);
  const auto users = make_users(a, 1);
  EXPECT_EQ(b->subject_key(account, users[0]).error(), errc::topic_behind);
  EXPECT_EQ(b->secret(secret).error(), errc::topic_behind);
  EXPECT_EQ(b->erase_subject(account, users[0]), errc::topic_behind);
  b.topic->hold(false);
  ASSERT_TRUE(b.topic->caught_up(std::chrono::hours(1)));
  EXPECT_TRUE(b->subject_key(account, users[0])->has_value());
}

TEST_F(KeyTopicTest, LostAnswersLeaveOrphansThatNobodyMinds) {
  for (const Puts puts : {Puts::lost, Puts::written_but_unanswered}) {
    auto a = open("a"), b = open("b");
    const auto kept = make_users(a, 1);
    const auto fresh = random_id<domain::AccountId>(3);
    const auto orphan = random_id<domain::UserId>(4);
    a.topic->hold(true);
    a.topic->answer_puts(puts);
    EXPECT_TRUE(a->create_account_key(fresh));
    EXPECT_TRUE(a->create_subject_keys(account, {&orphan, 1}));
    EXPECT_TRUE(a->keep_secret(secret, "in doubt"));
    EXPECT_TRUE(a->erase_subject(account, kept[0]));
    a.topic->answer_puts(Puts::answered);
    const auto end = log->end();
    EXPECT_EQ(a->create_subject_keys(account, {&orphan, 1}), errc::in_doubt);
    EXPECT_EQ(a->create_account_key(fresh), errc::in_doubt);
    EXPECT_EQ(log->end(), end) << "a second value would leave it open which one counts";
    a.topic->hold(false);
    EXPECT_FALSE(a->erase_subject(account, kept[0])) << "to be repeated, whether it was done or not";
    ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
    const bool written = puts == Puts::written_but_unanswered;
    for (const auto* node : {&a, &b}) {
      EXPECT_EQ((*node)->account_key(fresh).has_value(), written);
      EXPECT_EQ((*node)->subject_key(account, orphan)->has_value(), written);
      EXPECT_EQ((*node)->secret(secret)->has_value(), written);
      EXPECT_FALSE((*node)->subject_key(account, kept[0])->has_value());
    }
    if (written) {
      EXPECT_FALSE(a->create_account_key(fresh)) << "it has come: it is there already";
    }
    close(a, b);
    EXPECT_EQ(rows_in(scratch / "a"), log->table());
    if (written) return;
  }
}

TEST_F(KeyTopicTest, GoesOnWhereItStoppedAfterEachRow) {
  auto a = open("a");
  const auto users = make_users(a, 6);
  ASSERT_FALSE(a->keep_secret(secret, "sealed"));
  ASSERT_FALSE(a->erase_subject(account, users[2]));
  ASSERT_FALSE(a->destroy_secrets({&secret, 1}));
  make_users(a, 2);
  const auto whole = log->rows;
  const auto gone = whole[whole.size() - 2 - 3].value().value->substr(29);  // the secret's
  a = {};
  // A node that has seen the first rows only, stops, and comes back when there is another one.
  log->rows.resize(6);
  open("b");
  for (std::size_t seen = 7; seen <= whole.size(); ++seen) {
    log->rows.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(seen));
    open("b");
    EXPECT_EQ(rows_in(scratch / "b"), log->table()) << seen;
  }
  EXPECT_EQ(files_with("b", gone), 0);
  EXPECT_EQ(files_with("b", sealed_bytes(subject_row_of(users[2]))), 0);
}

TEST_F(KeyTopicTest, AFirstCopyKeepsNoBytesOfWhatWasDestroyedBefore) {
  auto a = open("a");
  const auto users = make_users(a, 1000);
  std::vector<Subject> gone;
  for (std::size_t i = 0; i < users.size(); i += 100) gone.push_back({account, users[i]});
  ASSERT_FALSE(a->erase_subjects(gone));
  auto b = open("b");
  for (const auto& subject : gone) EXPECT_EQ(files_with("b", sealed_bytes(subject_row_of(subject.user))), 0);
  EXPECT_EQ(b->subjects_after({}, 10'000)->size(), users.size() - gone.size());
}

TEST_F(KeyTopicTest, ACopyThatWasAwayTooLongIsMadeAnew) {
  auto a = open("a"), b = open("b");
  const auto users = make_users(a, 50);
  ASSERT_TRUE(b->subject_key(account, users[0])->has_value());
  b = {};
  const auto bytes = sealed_bytes(subject_row_of(users[0]));
  ASSERT_FALSE(a->erase_subject(account, users[0]));
  log->compact();  // the row that says so is gone, too
  b = open("b");
  EXPECT_TRUE(b->subject_key(account, users[0])->has_value()) << "the copy can't know, as long as it is held to be new";
  b = {};
  ASSERT_GE(files_with("b", bytes), 1);
  options.copy_good_for = std::chrono::milliseconds(0);
  b = open("b");
  EXPECT_FALSE(b->subject_key(account, users[0])->has_value());
  EXPECT_TRUE(b->subject_key(account, users[1])->has_value());
  EXPECT_EQ(files_with("b", bytes), 0);
  close(a, b);
  EXPECT_EQ(rows_in(scratch / "b"), log->table());
}

TEST_F(KeyTopicTest, ACopyThatIsNotKeptUpStopsUntilItIsMadeAnew) {
  options.copy_good_for = std::chrono::milliseconds(0);
  auto a = open("a");
  EXPECT_EQ(a->apply({}, a.topic->position()), errc::out_of_date);
  MemoryTable other(log);
  const bus::TableRow gone{subject_row_of(user), std::nullopt};
  ASSERT_TRUE(other.put({&gone, 1}).has_value());
  while (a.topic->newest_error() != errc::out_of_date) std::this_thread::yield();
  options.copy_good_for = std::chrono::hours(12);
  a = open("b");
  EXPECT_FALSE(a->apply({}, a.topic->position()));
}

TEST_F(KeyTopicTest, ACopyThatIsAheadOfItsTopicIsMadeAnew) {
  auto a = open("a");
  make_users(a, 20);
  ASSERT_TRUE(a.topic->caught_up(std::chrono::minutes(1)));
  a = {};
  log->rows.resize(8);  // put back from a backup
  a = open("a");
  EXPECT_EQ(a->subjects_after({}, 100)->size(), 2u);
  a = {};
  EXPECT_EQ(rows_in(scratch / "a"), log->table());
}

TEST_F(KeyTopicTest, AnotherClustersStoreIsRefusedAndLeftAlone) {
  open("a");
  const auto before = rows_in(scratch / "a");
  log->rows.clear();
  SetUp();
  options.copy_good_for = std::chrono::milliseconds(0);
  EXPECT_NE(refusal_of([&] { open("a"); }).find("belongs to another cluster"), std::string::npos);
  EXPECT_EQ(rows_in(scratch / "a"), before);
}

TEST_F(KeyTopicTest, AnEmptyTopicIsRefused) {
  log->rows.clear();
  EXPECT_NE(refusal_of([&] { open("a"); }).find("`countersign cluster init`"), std::string::npos);
  EXPECT_FALSE(key_store_exists(scratch / "a"));
  SetUp();
  open("a");
  log->rows.clear();
  EXPECT_NE(refusal_of([&] { open("a"); }).find("keys have been copied from it"), std::string::npos);
}

TEST_F(KeyTopicTest, ATopicThatWasLeftUnfinishedIsRefused) {
  log->rows.pop_back();
  EXPECT_NE(refusal_of([&] { open("a"); }).find("is not complete"), std::string::npos);
  log->rows.resize(1);
  EXPECT_NE(refusal_of([&] { open("b"); }).find("has no cluster keys"), std::string::npos);
}

TEST_F(KeyTopicTest, AWrongMasterKeyIsNamedAndNothingIsCopied) {
  const MasterKey other = random_master_key();
  for (int times = 0; times < 2; ++times) {
    const auto text = refusal_of([&] { open("a", other); });
    EXPECT_NE(text.find("wrong master key"), std::string::npos) << text;
    EXPECT_NE(text.find(hex(master.id.view())), std::string::npos) << text;
  }
  EXPECT_TRUE(rows_in(scratch / "a").empty());
  options.topic = std::make_shared<MemoryTable>(log);
  EXPECT_NE(refusal_of([&] {
              open_with_master_file(scratch / "b", scratch / "no-such-file", Mode::create_if_missing, options);
            }).find("no-such-file"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(scratch / "no-such-file"));
}

TEST_F(KeyTopicTest, AStoreOfOneNodeIsNotMixedWithACluster) {
  KeyStore::open(scratch / "a", master, Mode::create_if_missing);
  EXPECT_NE(refusal_of([&] { open("a"); }).find("belongs to another cluster"), std::string::npos);
  open("b");
  EXPECT_NE(refusal_of([&] { KeyStore::open(scratch / "b", master, Mode::open_existing); }).find("cluster's keys"),
            std::string::npos);
  EXPECT_TRUE(KeyStore::open(scratch / "b", master, Mode::read_only)->account_key(account));
}

TEST_F(KeyTopicTest, KeysOfTheClusterAreNotChangedAtOneNode) {
  auto a = open("a");
  const auto end = log->end();
  EXPECT_EQ(a->rotate_master(random_master_key()), errc::shared);
  EXPECT_EQ(a->rotate_signing(), errc::shared);
  EXPECT_EQ(log->end(), end);
}

TEST_F(KeyTopicTest, ForeignClusterKeysStopACopyAndChangeNothing) {
  auto a = open("a");
  const auto users = make_users(a, 1);
  const std::string before(a->cluster().log.key.view());
  MemoryTable stranger(log);
  const std::vector<std::vector<bus::TableRow>> wrong{
      {fresh_cluster_rows(random_master_key())[2]},                      // another log key
      {{"a" + std::string(account.uuid.view()), std::string(77, 'x')}},  // another key of an account
      {{"a" + std::string(account.uuid.view()), std::nullopt}},          // none any more
      {{"f", "2"}}};
  for (const auto& rows : wrong) EXPECT_EQ(a->apply(rows, bus::Offset{100}), errc::contradiction);
  const bus::TableRow noise{"s and whatever", "noise"};
  ASSERT_TRUE(stranger.put({&noise, 1}).has_value());
  ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
  ASSERT_TRUE(stranger.put(wrong[0]).has_value());
  while (a.topic->newest_error() != errc::contradiction) std::this_thread::yield();
  EXPECT_EQ(a->cluster().log.key.view(), before);
  EXPECT_TRUE(a->subject_key(account, users[0])->has_value());
  a = {};
  EXPECT_NE(refusal_of([&] { open("a"); }).find("can't be copied"), std::string::npos);
}

TEST_F(KeyTopicTest, AClusterBeginsInAnEmptyTopicOnly) {
  const auto rows = log->rows.size();
  MemoryTable topic(log);
  EXPECT_NE(refusal_of([&] { make_cluster_keys(master, topic, {}); }).find("isn't empty"), std::string::npos);
  EXPECT_EQ(log->rows.size(), rows);
  log->rows.clear();
  topic.answer_puts(Puts::lost);
  EXPECT_NE(refusal_of([&] { make_cluster_keys(master, topic, {}); }).find("create it anew"), std::string::npos);
}

TEST_F(KeyTopicTest, AnInstallationMovesWithAllItsKeysAndNothingOfItsOwn) {
  log->rows.clear();
  const auto other = random_id<domain::AccountId>(2);
  std::vector<domain::UserId> users;
  std::string bytes;
  for (int i = 0; i < 2500; ++i) users.push_back(random_id<domain::UserId>(i));
  {
    const auto store = KeyStore::open(scratch / "a", master, Mode::create_if_missing);
    ASSERT_FALSE(store->create_account_key(account));
    ASSERT_FALSE(store->create_account_key(other));
    ASSERT_FALSE(store->create_subject_keys(other, users));
    ASSERT_FALSE(store->keep_secret(secret, "sealed"));
    ASSERT_FALSE(store->rotate_signing());
    ASSERT_FALSE(store->erase_subject(other, users[9]));
    MemoryTable topic(log);
    move_keys(*store, topic);
    EXPECT_NE(refusal_of([&] { move_keys(*store, topic); }).find("isn't empty"), std::string::npos);
  }
  EXPECT_EQ(log->table(), rows_in(scratch / "a"));
  EXPECT_EQ(log->end(), log->table().size()) << "each row once, and none of the store's own";
  auto a = open("a"), b = open("b");
  EXPECT_EQ(b->former_signing_keys(), a->former_signing_keys());
  EXPECT_EQ(b->former_signing_keys().size(), 1u);
  ASSERT_FALSE(b->erase_subject(other, users[10]));
  ASSERT_TRUE(a.topic->caught_up(std::chrono::hours(1)));
  EXPECT_FALSE(a->subject_key(other, users[10])->has_value());
  close(a, b);
  EXPECT_EQ(rows_in(scratch / "b"), rows_in(scratch / "a"));
}

}  // namespace
}  // namespace countersign::keys
