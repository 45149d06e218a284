// A compacted topic as a table: what is put is read by all, in order, also over a broker's death.

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "bus/kafka_table.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_brokers.h"

namespace countersign::bus {
namespace {

using namespace std::chrono_literals;

const boost::system::error_code stop_here = errc::stopping;

/// What was applied of a table.
class Copy {
 public:
  SharedTable::Apply apply() {
    return [this](std::span<const TableRow> rows, Offset next) -> boost::system::error_code {
      const std::lock_guard lock(mutex_);
      if (refusals_ > 0) {
        --refusals_;
        return errc::io_error;
      }
      EXPECT_GE(next, next_);
      next_ = next;
      if (rows.empty()) ++said_current_;
      for (const auto& row : rows) {
        history_.push_back(row);
        if (row.value)
          table_[row.key] = *row.value;
        else
          table_.erase(row.key);
      }
      return {};
    };
  }
  void refuse(int times) {
    const std::lock_guard lock(mutex_);
    refusals_ = times;
  }
  std::map<std::string, std::string> table() const {
    const std::lock_guard lock(mutex_);
    return table_;
  }
  int said_current() const {
    const std::lock_guard lock(mutex_);
    return said_current_;
  }
  std::vector<TableRow> history() const {
    const std::lock_guard lock(mutex_);
    return history_;
  }

 private:
  mutable std::mutex mutex_;
  int refusals_ = 0, said_current_ = 0;
  Offset next_{};
  std::map<std::string, std::string> table_;
  std::vector<TableRow> history_;
};

class AKafkaTable : public testing::WithKafka {
 protected:
  KafkaOptions impatient() const {
    KafkaOptions options = testing::kafka_options(topic);
    options.delivered_within = 2s;
    options.answer_within = 1s;
    return options;
  }
  static Offset put(KafkaTable& table, const std::vector<TableRow>& rows) { return table.put(rows).value(); }
  static bool put_durably(KafkaTable& table, const TableRow& row) {
    return testing::eventually([&] { return table.put({&row, 1}).has_value(); });
  }
  static bool caught_up(KafkaTable& table) {
    for (int tries = 0; tries < 60; ++tries)
      if (table.caught_up(1s)) return true;
    return false;
  }

  const std::string topic = testing::new_topic(1, 1, {{"cleanup.policy", "compact"}});
  const std::vector<TableRow> some{{"a", "1"}, {"b", std::string("\0\xff", 2)}, {"a", "2"}, {"c", "3"}, {"b", {}}};
};

TEST_F(AKafkaTable, IsReadFromTheBeginningAndFromThereOn) {
  KafkaTable table(testing::kafka_options(topic));
  Copy none;
  EXPECT_EQ(table.read(Offset{}, none.apply()).value(), Offset{0});
  const Offset next = put(table, some);
  Copy all;
  EXPECT_EQ(table.read(Offset{}, all.apply()).value(), next);
  EXPECT_EQ(all.history(), some);
  EXPECT_EQ(all.table(), (std::map<std::string, std::string>{{"a", "2"}, {"c", "3"}}));
  put(table, {{"d", "4"}});
  Copy rest;
  EXPECT_EQ(table.read(next, rest.apply()).value(), Offset{value(next) + 1});
  EXPECT_EQ(rest.history(), (std::vector<TableRow>{{"d", "4"}}));
  EXPECT_EQ(table.read(Offset{99}, rest.apply()).error(), errc::truncated);
  EXPECT_EQ(table.read(Offset{}, [](auto, Offset) { return stop_here; }).error(), errc::stopping);
}

TEST_F(AKafkaTable, TwoFollowersSeeTheSameAndHaveItWhenTheyAreCaughtUp) {
  KafkaTable first(testing::kafka_options(topic)), second(testing::kafka_options(topic));
  const Offset begin = put(first, some);
  EXPECT_FALSE(first.caught_up(1s)) << "nobody follows";
  Copy of_first, of_second;
  first.follow(Offset{}, of_first.apply());
  second.follow(begin, of_second.apply());
  for (int i = 0; i < 100; ++i) {
    KafkaTable& writer = i % 2 ? first : second;
    KafkaTable& reader = i % 2 ? second : first;
    const std::string key = std::to_string(i % 10);
    const Offset next = put(writer, {{key, std::to_string(i)}});
    ASSERT_TRUE(reader.caught_up(60s));
    EXPECT_GE(reader.position(), next);
    EXPECT_EQ((i % 2 ? of_second : of_first).table().at(key), std::to_string(i));
  }
  put(second, {{"5", {}}});
  ASSERT_TRUE(first.caught_up(60s));
  ASSERT_TRUE(second.caught_up(60s));
  EXPECT_EQ(of_second.table().size(), 9u);
  EXPECT_EQ(of_first.table().size(), 9u + 2);
  EXPECT_EQ(of_first.history().size(), some.size() + 101);
  EXPECT_EQ(of_second.history().size(), 101u);
  first.stop();
  EXPECT_FALSE(first.caught_up(1s));
  first.follow(first.position(), of_first.apply());
  EXPECT_TRUE(first.caught_up(60s));
}

TEST_F(AKafkaTable, ManyWritersAtOnceAndManyRowsInOnePut) {
  KafkaTable table(testing::kafka_options(topic));
  std::vector<TableRow> many;
  for (int i = 0; i < 5'000; ++i) many.push_back({"many " + std::to_string(i), std::string(200, 'x')});
  std::vector<std::future<void>> writers;
  for (int writer = 0; writer < 8; ++writer) {
    writers.push_back(std::async(std::launch::async, [&table, writer] {
      Offset last{-1};
      for (int i = 0; i < 50; ++i) {
        const Offset next = put(table, {{std::to_string(writer), std::to_string(i)}});
        EXPECT_GT(next, last);
        last = next;
      }
    }));
  }
  put(table, many);
  for (auto& writer : writers) writer.get();
  Copy copy;
  table.read(Offset{}, copy.apply()).value();
  EXPECT_EQ(copy.history().size(), many.size() + 8 * 50);
  EXPECT_EQ(copy.table().size(), many.size() + 8);
  for (int writer = 0; writer < 8; ++writer) EXPECT_EQ(copy.table().at(std::to_string(writer)), "49");
}

TEST_F(AKafkaTable, GoesOnAfterABrokersRestart) {
  KafkaTable table(impatient());
  Copy copy;
  table.follow(Offset{}, copy.apply());
  put(table, some);
  tell("kill");
  const TableRow doubtful{"doubtful", "x"};
  EXPECT_TRUE(table.put({&doubtful, 1}).has_error());
  EXPECT_FALSE(table.caught_up(100ms));
  EXPECT_NE(table.newest_problem(), "");
  tell("start");
  ASSERT_TRUE(put_durably(table, {"after", "y"})) << table.newest_problem();
  ASSERT_TRUE(caught_up(table));
  EXPECT_EQ(copy.table().at("after"), "y");
  EXPECT_EQ(copy.table().at("a"), "2");
  EXPECT_EQ(copy.table().count("b"), 0u);
}

TEST_F(AKafkaTable, WhatABrokerDidNotAnswerIsInDoubtAndWhatFollowsIsNot) {
  KafkaTable table(impatient());
  put(table, {{"before", "1"}});
  tell("pause");
  const TableRow doubtful{"doubtful", "x"};
  EXPECT_TRUE(table.put({&doubtful, 1}).has_error());
  EXPECT_EQ(table.read(Offset{}, [](auto, Offset) { return stop_here; }).error(), errc::unreachable);
  tell("resume");
  ASSERT_TRUE(put_durably(table, {"after", "y"})) << table.newest_problem();
  auto copy = std::make_unique<Copy>();
  ASSERT_TRUE(testing::eventually([&] {
    copy = std::make_unique<Copy>();
    return table.read(Offset{}, copy->apply()).has_value();
  })) << table.newest_problem();
  EXPECT_EQ(copy->table().at("after"), "y");
  EXPECT_EQ(copy->table().at("before"), "1");
}

TEST_F(AKafkaTable, ACopyIsSaidToBeCurrentWhenTheBrokersSayItIs) {
  KafkaOptions options = impatient();
  std::atomic<bool> asked_in_vain = false;
  options.on_problem = [&asked_in_vain](const std::string& text) {
    if (text.find("asking for the table's end") != std::string::npos) asked_in_vain = true;
  };
  KafkaTable table(options, 1ms);
  Copy copy;
  table.follow(Offset{}, copy.apply());
  put(table, some);
  ASSERT_TRUE(caught_up(table));
  ASSERT_TRUE(testing::eventually([&] { return copy.said_current() > 0; }));
  tell("kill");
  // What was asked before may still be said.
  ASSERT_TRUE(testing::eventually([&] { return asked_in_vain.load(); })) << table.newest_problem();
  const int before = copy.said_current();
  EXPECT_FALSE(table.caught_up(3s));
  EXPECT_EQ(copy.said_current(), before) << "silence of the brokers says nothing";
}

TEST_F(AKafkaTable, WhatCannotBeAppliedComesAgain) {
  KafkaTable table(testing::kafka_options(topic));
  put(table, some);
  Copy copy;
  copy.refuse(2);
  table.follow(Offset{}, copy.apply());
  ASSERT_TRUE(caught_up(table));
  EXPECT_EQ(copy.history(), some);
  EXPECT_NE(table.newest_problem().find("can't be applied"), std::string::npos);
}

TEST_F(AKafkaTable, StopsWhileTheBrokersAreDeadOrRowsAreRefused) {
  Copy copy;
  copy.refuse(1'000'000);
  auto table = std::make_unique<KafkaTable>(impatient());
  put(*table, some);
  table->follow(Offset{}, copy.apply());
  table.reset();
  table = std::make_unique<KafkaTable>(impatient());
  tell("kill");
  table->follow(Offset{}, copy.apply());
  table.reset();
  EXPECT_TRUE(copy.history().empty());
}

TEST_F(AKafkaTable, SaysWhichTopicIsMissing) {
  KafkaOptions options = impatient();
  options.topic = testing::new_topic_name("keys");
  KafkaTable table(options);
  EXPECT_EQ(table.read(Offset{}, [](auto, Offset) { return stop_here; }).error(), errc::unknown_topic);
  EXPECT_NE(table.newest_problem().find(options.topic), std::string::npos) << table.newest_problem();
  const TableRow row{"a", "1"};
  EXPECT_TRUE(table.put({&row, 1}).has_error());
  const TableRow large{"a", std::string(1'000'000, 'x')};
  EXPECT_EQ(table.put({&large, 1}).error(), errc::too_large);
}

}  // namespace
}  // namespace countersign::bus
