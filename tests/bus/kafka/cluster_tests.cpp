// The Kafka log on three brokers of which one dies: acknowledged records stay, and appends go on.

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/kafka_brokers.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

using namespace std::chrono_literals;
using testing::append;

class KafkaCluster : public testing::WithKafka {
 protected:
  static int leader(const std::string& topic) {
    const KafkaOptions options = testing::kafka_options(topic);
    KafkaProblems problems(options);
    const KafkaClient client(RD_KAFKA_PRODUCER, options, {}, problems);
    const KafkaTopic asked = client.topic(topic);
    const rd_kafka_metadata_t* told = nullptr;
    if (rd_kafka_metadata(client.get(), 0, asked.get(), &told, 30'000)) throw std::runtime_error("no metadata");
    const KafkaMetadata metadata(told);
    return metadata->topics[0].partitions[0].leader;
  }
};

TEST_F(KafkaCluster, GoesOnWithoutTheLeaderAndHasAllThatItAcknowledged) {
  const auto topics = topics_of(testing::new_topic_name("prefix"), 1, 3);
  KafkaOptions options = testing::kafka_options(topics[0].name);
  options.answer_within = 30s;
  ASSERT_EQ(create_topics(options, topics).size(), 0u);
  options.delivered_within = 5s;
  KafkaLog log(std::make_shared<KafkaReader>(options), 0);
  std::map<Offset, std::string> acknowledged;
  const auto append_durably = [&](const std::string& record) {
    Appended appended = append(log, record);
    while (appended.outcome != AppendOutcome::durable) appended = append(log, record);
    acknowledged[appended.offset] = record;
  };
  for (int i = 0; i < 50; ++i) append_durably("before " + std::to_string(i));
  tell("kill", leader(topics[0].name));
  for (int i = 0; i < 50; ++i) append_durably("after " + std::to_string(i));
  std::map<Offset, std::string> there;
  Offset from{};
  while (true) {
    const auto read = log.read(from, 1 << 20);
    if (read.has_error()) continue;
    if (read->empty()) break;
    for (const auto& record : *read) there[record.offset] = record.bytes;
    from = Offset{value(read->back().offset) + 1};
  }
  for (const auto& [offset, record] : acknowledged) EXPECT_EQ(there[offset], record);
}

TEST_F(KafkaCluster, TooFewReplicasAreNamedAndMendedByTheCommand) {
  auto topics = topics_of(testing::new_topic_name("prefix"), 2, 3);
  topics.erase(topics.begin() + 1, topics.end());
  KafkaOptions options = testing::kafka_options({});
  options.answer_within = 30s;
  auto made = topics;
  made[0].replication = 1;
  ASSERT_EQ(create_topics(options, made).size(), 0u);
  const auto findings = check_topics(options, topics);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].setting, "replication");
  EXPECT_EQ(findings[0].found, "1");
  ASSERT_EQ(std::system((findings[0].command + " >tool.log 2>&1 || { cat tool.log; false; }").c_str()), 0);
  while (!check_topics(options, topics).empty()) std::this_thread::sleep_for(100ms);
}

}  // namespace
}  // namespace countersign::bus
