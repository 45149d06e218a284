// Topics as a cluster needs them: made, checked, and mended by the commands that a finding names.

#include "bus/kafka_topics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/support/kafka_brokers.h"

namespace countersign::bus {
namespace {

class KafkaTopics : public testing::WithKafka {
 protected:
  /// kafka-topics.sh and its like are in the PATH.
  static void run(const std::string& command) {
    ASSERT_NE(command, "");
    EXPECT_EQ(std::system((command + " >tool.log 2>&1 || { cat tool.log; false; }").c_str()), 0) << command;
  }
  std::vector<TopicFinding> check() const { return check_topics(options, needed); }

  const std::string prefix = testing::new_topic_name("prefix");
  const KafkaOptions options = testing::kafka_options({});
  const std::vector<TopicSpec> needed = topics_of(prefix, 2, 1);
};

TEST_F(KafkaTopics, AreMadeOnceAndFoundRight) {
  EXPECT_EQ(check().size(), 3u);
  EXPECT_EQ(create_topics(options, needed).size(), 0u);
  EXPECT_EQ(check().size(), 0u);
  EXPECT_EQ(create_topics(options, needed).size(), 0u);
}

TEST_F(KafkaTopics, ThatAreMissingAreMadeByTheCommandsNamed) {
  for (const TopicFinding& finding : check()) {
    EXPECT_EQ(finding.setting, "topic");
    run(finding.command);
  }
  EXPECT_EQ(check().size(), 0u);
}

/// A topic of these settings where the right one should be.
std::vector<TopicSpec> spoilt(std::vector<TopicSpec> topics, const std::string& setting, const std::string& value,
                              std::size_t which) {
  for (TopicSetting& at : topics[which].settings) {
    if (at.name == setting) at.value = value;
  }
  for (TopicSetting& at : topics[which].settings) {
    at.rule = TopicSetting::Rule::equal;
  }
  return {topics[which]};
}

struct Wrong {
  std::size_t topic;  ///< log, keys, audit
  const char* setting;
  const char* value;
};

TEST_F(KafkaTopics, EachWrongSettingIsNamedAndItsCommandMendsIt) {
  const std::vector<Wrong> wrongs{
      {0, "unclean.leader.election.enable", "true"},
      {0, "max.message.bytes", "999999"},
      {0, "retention.ms", "604800000"},
      {0, "retention.bytes", "1000000000"},
      {0, "cleanup.policy", "compact"},
      {0, "message.timestamp.type", "CreateTime"},
      {1, "cleanup.policy", "delete"},
      {1, "segment.ms", "604800000"},
      {1, "min.cleanable.dirty.ratio", "0.5"},
      {1, "max.compaction.lag.ms", "9223372036854775807"},
      {1, "delete.retention.ms", "1000"},
      {2, "retention.ms", "-1"},
      {2, "cleanup.policy", "compact"},
  };
  std::vector<std::pair<std::vector<TopicSpec>, Wrong>> trials;
  std::set<std::size_t> mended;
  std::string commands = "true";
  for (const Wrong& wrong : wrongs) {
    const auto topics = topics_of(testing::new_topic_name("prefix"), 1, 1);
    const auto bad = spoilt(topics, wrong.setting, wrong.value, wrong.topic);
    ASSERT_EQ(create_topics(options, bad).size(), 0u) << wrong.setting;
    const std::vector<TopicSpec> good{topics[wrong.topic]};
    const auto findings = check_topics(options, good);
    ASSERT_EQ(findings.size(), 1u) << wrong.setting;
    EXPECT_EQ(findings[0].topic, good[0].name);
    EXPECT_EQ(findings[0].setting, wrong.setting);
    EXPECT_EQ(findings[0].found, wrong.value);
    EXPECT_NE(describe(findings[0]).find(findings[0].command), std::string::npos);
    const auto refused = create_topics(options, good);
    EXPECT_EQ(refused.size(), 1u) << "an existing topic with other settings is left alone";
    if (mended.insert(wrong.topic).second) {  // one of each topic: a JVM for every setting takes a minute
      commands += " && " + findings[0].command;
      trials.emplace_back(good, wrong);
    }
  }
  run(commands);
  for (const auto& [good, wrong] : trials) EXPECT_EQ(check_topics(options, good).size(), 0u) << wrong.setting;
}

TEST_F(KafkaTopics, FewerInsyncReplicasThanTwoAreNamed) {
  const auto topics = topics_of(prefix, 1, 3);
  auto made = std::vector<TopicSpec>{topics[0]};
  made[0].replication = 1;
  for (TopicSetting& setting : made[0].settings) {
    if (setting.name == "min.insync.replicas") setting.value = "1";
    setting.rule = TopicSetting::Rule::equal;
  }
  ASSERT_EQ(create_topics(options, made).size(), 0u);
  const auto findings = check_topics(options, {topics[0]});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].setting, "replication");
  EXPECT_EQ(findings[0].found, "1");
  EXPECT_EQ(findings[0].needed, "3");
  EXPECT_EQ(findings[1].setting, "min.insync.replicas");
  EXPECT_EQ(findings[1].found, "1");
  run(findings[1].command);
  EXPECT_EQ(check_topics(options, {topics[0]}).size(), 1u);
}

TEST_F(KafkaTopics, ThatHaveTooFewPartitionsGetMoreAndThoseThatHaveTooManyDoNotLoseAny) {
  ASSERT_EQ(create_topics(options, needed).size(), 0u);
  const auto more = check_topics(options, topics_of(prefix, 3, 1));
  ASSERT_EQ(more.size(), 2u);
  for (const TopicFinding& finding : more) {
    EXPECT_EQ(finding.setting, "partitions");
    EXPECT_EQ(finding.found, "2");
    run(finding.command);
  }
  EXPECT_EQ(check_topics(options, topics_of(prefix, 3, 1)).size(), 0u);
  const auto fewer = check();
  ASSERT_EQ(fewer.size(), 2u);
  EXPECT_EQ(fewer[0].command, "");
  EXPECT_NE(fewer[0].advice, "");
}

TEST_F(KafkaTopics, AreNotAskedForInVain) {
  KafkaOptions nobody = options;
  nobody.brokers = "127.0.0.1:9";
  nobody.answer_within = std::chrono::milliseconds(500);
  EXPECT_THROW(check_topics(nobody, needed), KafkaRefused);
}

}  // namespace
}  // namespace countersign::bus
