// Two key stores over one real topic, with a broker that dies meanwhile.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "adapters/keys/cluster_keys.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "bus/kafka_table.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/support/kafka_brokers.h"

namespace countersign::keys {
namespace {

using namespace std::chrono_literals;
using test::files_that_hold;

struct KeysOnKafka : testing::WithKafka {
  test::ScratchDirectory scratch;
  const MasterKey master = random_master_key();
  const domain::AccountId account = random_id<domain::AccountId>(1);
  bus::KafkaOptions kafka;
  std::shared_ptr<bus::KafkaTable> table;

  /// As `countersignd` makes its topics.
  void SetUp() override {
    const auto topics = bus::topics_of(testing::new_topic_name("prefix"), 1, 1);
    kafka = testing::kafka_options(topics[1].name);
    kafka.delivered_within = 2s;
    kafka.answer_within = 30s;
    ASSERT_EQ(bus::create_topics(kafka, {topics[1]}).size(), 0u);
    bus::KafkaTable topic(kafka);
    make_cluster_keys(master, topic, {&account, 1});
  }
  std::unique_ptr<KeyStore> open(const std::string& name) {
    table = std::make_shared<bus::KafkaTable>(kafka);
    return KeyStore::open(scratch / name, master, KeyStore::Mode::create_if_missing,
                          {.topic = table, .look_up_patience = 60s});
  }
  std::string sealed_bytes(domain::UserId user) {
    const std::string key = "s" + std::string(account.uuid.view()) + std::string(user.uuid.view());
    std::string bytes;
    bus::KafkaTable(kafka)
        .read(bus::Offset{},
              [&](std::span<const bus::TableRow> rows, bus::Offset) {
                for (const auto& row : rows)
                  if (row.key == key && row.value) bytes = row.value->substr(29);
                return boost::system::error_code();
              })
        .value();
    return bytes;
  }
};

TEST_F(KeysOnKafka, AreMadeReadAndDestroyedOnTwoNodes) {
  auto a = open("a");
  const auto topic_of_a = table;
  auto b = open("b");
  std::vector<domain::UserId> users;
  for (int i = 0; i < 500; ++i) users.push_back(random_id<domain::UserId>(i));
  ASSERT_FALSE(a->create_subject_keys(account, users));
  EXPECT_EQ((**b->subject_key(account, users[7])).view(), (**a->subject_key(account, users[7])).view());
  const auto other = random_id<domain::AccountId>(2);
  ASSERT_FALSE(b->create_account_key(other));
  EXPECT_EQ(a->account_key(other)->view(), b->account_key(other)->view());
  const auto bytes = sealed_bytes(users[7]);
  ASSERT_EQ(bytes.size(), 48u);
  ASSERT_GE(files_that_hold(scratch / "a", bytes), 1);
  ASSERT_GE(files_that_hold(scratch / "b", bytes), 1);
  ASSERT_FALSE(b->erase_subject(account, users[7]));
  EXPECT_EQ(files_that_hold(scratch / "b", bytes), 0);
  ASSERT_TRUE(topic_of_a->caught_up(60s));
  EXPECT_EQ(files_that_hold(scratch / "a", bytes), 0);
  EXPECT_FALSE(a->subject_key(account, users[7])->has_value());

  tell("kill");
  const auto doubtful = random_id<domain::UserId>(9);
  EXPECT_TRUE(a->create_subject_keys(account, {&doubtful, 1}));
  EXPECT_TRUE(a->subject_key(account, users[8])->has_value()) << "what is here needs no broker";
  tell("start");
  boost::system::error_code error;
  do {
    const auto fresh = random_id<domain::UserId>(10);
    error = a->create_subject_keys(account, {&fresh, 1});
    if (!error) {
      EXPECT_TRUE(b->subject_key(account, fresh)->has_value());
    }
  } while (error);
  b.reset();
  ASSERT_FALSE(a->erase_subject(account, users[8]));
  b = open("b");
  EXPECT_FALSE(b->subject_key(account, users[8])->has_value());
  const auto c = open("c");
  EXPECT_EQ(c->subjects_after({}, 1000)->size(), b->subjects_after({}, 1000)->size());
}

}  // namespace
}  // namespace countersign::keys
