// The public topic on a real broker: what is written is there in order, and its marks are found again.

#include "adapters/audit_topic/kafka_audit_topic.h"

#include <gtest/gtest.h>

#include "tests/support/kafka_brokers.h"

namespace countersign::audit_topic {
namespace {

using namespace std::chrono_literals;
using Older = AuditTopic::Older;

class AKafkaAuditTopic : public testing::WithKafka {
 protected:
  void SetUp() override {
    if (testing::kafka_brokers().empty()) GTEST_SKIP() << "no brokers";
    name = testing::new_topic(2);
    auto options = testing::kafka_options(name);
    options.delivered_within = 2s;
    options.answer_within = 2s;
    topic.emplace(options);
  }
  /// `count` records, each with a mark of its own or none.
  static std::vector<AuditRecord> records(int count, const std::string& mark = {}) {
    std::vector<AuditRecord> made;
    for (int i = 0; i < count; ++i) {
      const auto number = std::to_string(i);
      made.push_back({"acc_1", R"({"n":)" + number + "}", {{"ce_id", number}}, mark.empty() ? mark : mark + number});
    }
    return made;
  }
  struct Found {
    std::vector<std::string> marks;
    Older older;
    bool operator==(const Found&) const = default;
  };
  Found marks(std::uint64_t among, std::uint32_t partition = 1) {
    Found found{};
    const auto older = topic->marks(partition, among, [&](std::string_view mark) { found.marks.emplace_back(mark); });
    EXPECT_FALSE(older.has_error()) << older.error().message();
    if (older.has_value()) found.older = *older;
    return found;
  }

  std::string name;
  std::optional<KafkaAuditTopic> topic;
};

TEST_F(AKafkaAuditTopic, FindsTheMarksAtItsEnd) {
  EXPECT_EQ(marks(5), (Found{{}, Older::none})) << "it is empty";
  ASSERT_FALSE(topic->write(1, records(4, "m")).has_error());
  EXPECT_EQ(marks(3), (Found{{"m1", "m2", "m3"}, Older::there}));
  EXPECT_EQ(marks(4), (Found{{"m0", "m1", "m2", "m3"}, Older::none}));
  EXPECT_EQ(marks(100), (Found{{"m0", "m1", "m2", "m3"}, Older::none}));
  ASSERT_FALSE(topic->write(1, records(700)).has_error());
  EXPECT_EQ(marks(700), (Found{{}, Older::there}));
  EXPECT_EQ(marks(702), (Found{{"m2", "m3"}, Older::there}));
  EXPECT_EQ(marks(5, 0), (Found{{}, Older::none})) << "the other partition";
}

TEST_F(AKafkaAuditTopic, KnowsThatOldRecordsAreGone) {
  ASSERT_FALSE(topic->write(1, records(10, "m")).has_error());
  testing::delete_records(name, 1, 7);
  EXPECT_EQ(marks(2), (Found{{"m8", "m9"}, Older::there}));
  EXPECT_EQ(marks(8), (Found{{"m7", "m8", "m9"}, Older::none}));
  testing::delete_records(name, 1, 10);
  EXPECT_EQ(marks(2), (Found{{}, Older::none}));
}

TEST_F(AKafkaAuditTopic, FailsWhileTheBrokerIsAwayAndGoesOnAfterwards) {
  ASSERT_FALSE(topic->write(1, records(3, "a")).has_error());
  tell("kill");
  EXPECT_TRUE(topic->write(1, records(3, "lost")).has_error());
  EXPECT_TRUE(topic->marks(1, 10, [](std::string_view) {}).has_error());
  tell("start");
  bool written = false;
  for (int tries = 0; tries < 30 && !written; ++tries) written = topic->write(1, records(3, "b")).has_value();
  ASSERT_TRUE(written);
  const auto found = marks(3).marks;
  EXPECT_EQ(found, (std::vector<std::string>{"b0", "b1", "b2"}));
}

TEST_F(AKafkaAuditTopic, EndsWhenItIsCancelled) {
  topic->cancel();
  EXPECT_EQ(topic->write(1, records(1)).error(), bus::errc::stopping);
  EXPECT_EQ(topic->marks(1, 1, [](std::string_view) {}).error(), bus::errc::stopping);
}

}  // namespace
}  // namespace countersign::audit_topic
