// What the Kafka log promises beyond the contract: brokers that die and pause, strangers, several partitions.

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "tests/support/eventually.h"
#include "tests/support/kafka_brokers.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

using namespace std::chrono_literals;
using testing::append;
using testing::read_all;

/// Appends that are under way, and what was reported of them.
class Reports {
 public:
  void append(PartitionLog& log, const std::string& record) {
    const std::size_t at = records.size();
    records.push_back(record);
    log.append(record, [this, at](Appended appended) {
      const std::lock_guard lock(mutex_);
      reports_.emplace(at, appended);
    });
  }
  void wait() const {
    ASSERT_TRUE(testing::eventually([this] { return count() >= records.size(); }))
        << count() << " of " << records.size();
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return reports_.size();
  }
  /// Of the record of this number: exactly one report, or a failure.
  Appended of(std::size_t at) const {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(reports_.count(at), 1u);
    return reports_.find(at)->second;
  }

  std::vector<std::string> records;

 private:
  mutable std::mutex mutex_;
  std::multimap<std::size_t, Appended> reports_;
};

class AKafkaLog : public testing::WithKafka {
 protected:
  std::unique_ptr<KafkaLog> open(const KafkaOptions& options, int partition = 0) {
    return std::make_unique<KafkaLog>(std::make_shared<KafkaReader>(options), partition);
  }
  KafkaOptions impatient() const {
    KafkaOptions options = testing::kafka_options(topic);
    options.delivered_within = 2s;
    options.answer_within = 1s;
    return options;
  }
  /// All records, once the brokers answer again.
  std::vector<LogRecord> read_records(PartitionLog& log) const {
    std::vector<LogRecord> all;
    for (int tries = 0; tries < 300; ++tries) {
      auto read = log.read(all.empty() ? Offset{} : Offset{value(all.back().offset) + 1}, 1 << 20);
      if (read.has_error()) continue;
      if (read->empty()) return all;
      std::move(read->begin(), read->end(), std::back_inserter(all));
    }
    ADD_FAILURE() << "the end was not reached";
    return all;
  }
  static std::string at(const std::vector<LogRecord>& records, Offset offset) {
    for (const auto& record : records) {
      if (record.offset == offset) return record.bytes;
    }
    return "no record there";
  }

  const std::string topic = testing::new_topic();
};

TEST_F(AKafkaLog, TwoPartitionsOfOneReaderAreTwoLogs) {
  const auto reader = std::make_shared<KafkaReader>(testing::kafka_options(testing::new_topic(2)));
  KafkaLog first(reader, 0);
  KafkaLog second(reader, 1);
  std::vector<std::string> in_first, in_second;
  for (int i = 0; i < 20; ++i) {
    in_first.push_back("first " + std::to_string(i));
    in_second.push_back("second " + std::to_string(i));
    ASSERT_EQ(append(first, in_first.back()).outcome, AppendOutcome::durable);
    ASSERT_EQ(append(second, in_second.back()).outcome, AppendOutcome::durable);
    if (i % 5 == 0) {
      EXPECT_EQ(read_all(second), in_second);
    }
  }
  EXPECT_EQ(read_all(first), in_first);
  EXPECT_EQ(read_all(second), in_second);
}

TEST_F(AKafkaLog, ReportsTheBrokersTimeWhereItsTopicHasIt) {
  const auto now_ms = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
  const auto timed =
      open(testing::kafka_options(testing::new_topic(1, 1, {{"message.timestamp.type", "LogAppendTime"}})));
  const auto before = now_ms();
  const auto appended = append(*timed, "record");
  ASSERT_TRUE(appended.log_time);
  EXPECT_GE(value(*appended.log_time), before);
  EXPECT_LE(value(*appended.log_time), now_ms());
  EXPECT_FALSE(append(*open(testing::kafka_options(topic)), "record").log_time) << "that time would be this machine's";
}

TEST_F(AKafkaLog, RecordsOfStrangersStandBetweenOnesOwn) {
  const auto log = open(testing::kafka_options(topic));
  const auto strangers = open(testing::kafka_options(topic));
  std::vector<std::string> written;
  Offset last{-1};
  for (int i = 0; i < 10; ++i) {
    append(*strangers, "strange " + std::to_string(i));
    const Offset own = append(*log, "own " + std::to_string(i)).offset;
    EXPECT_EQ(value(own), value(last) + 2);
    last = own;
    written.push_back("strange " + std::to_string(i));
    written.push_back("own " + std::to_string(i));
  }
  EXPECT_EQ(read_all(*log), written);
  EXPECT_EQ(read_all(*strangers, 20), written);
}

TEST_F(AKafkaLog, ABrokersDeathLeavesAppendsInDoubtAndLosesNothingAcknowledged) {
  const auto log = open(impatient());
  Reports acknowledged;
  for (int i = 0; i < 100; ++i) acknowledged.append(*log, "before " + std::to_string(i));
  acknowledged.wait();
  tell("pause");  // so that what follows reaches no broker that can answer
  Reports doubtful;
  for (int i = 0; i < 10; ++i) doubtful.append(*log, "under way " + std::to_string(i));
  tell("kill");
  doubtful.wait();
  for (std::size_t i = 0; i < doubtful.records.size(); ++i) {
    EXPECT_EQ(doubtful.of(i).outcome, AppendOutcome::in_doubt);
    EXPECT_EQ(doubtful.of(i).reason, errc::io_error);
  }
  EXPECT_NE(log->newest_append_problem(), "");
  tell("start");
  Appended after;
  ASSERT_TRUE(testing::eventually([&] {
    after = append(*log, "after");
    return after.outcome == AppendOutcome::durable;
  })) << log->newest_append_problem();
  const auto records = read_records(*log);
  for (std::size_t i = 0; i < acknowledged.records.size(); ++i) {
    ASSERT_EQ(acknowledged.of(i).outcome, AppendOutcome::durable);
    EXPECT_EQ(at(records, acknowledged.of(i).offset), acknowledged.records[i]);
  }
  EXPECT_EQ(at(records, after.offset), "after");
}

TEST_F(AKafkaLog, ABrokerThatDiesAmidAppendsHasKeptWhatItAcknowledged) {
  const auto log = open(impatient());
  Reports reports;
  for (int i = 0; i < 2000; ++i) {
    reports.append(*log, "record " + std::to_string(i));
    if (i == 1000) {
      ASSERT_TRUE(testing::eventually([&] { return reports.count() >= 100; }));
      tell("kill");
    }
  }
  reports.wait();
  tell("start");
  Appended after;
  ASSERT_TRUE(testing::eventually([&] {
    after = append(*log, "after");
    return after.outcome == AppendOutcome::durable;
  })) << log->newest_append_problem();
  const auto records = read_records(*log);
  std::size_t durable = 0;
  Offset last{-1};
  for (std::size_t i = 0; i < reports.records.size(); ++i) {
    const Appended appended = reports.of(i);
    if (appended.outcome != AppendOutcome::durable) continue;
    ++durable;
    EXPECT_EQ(at(records, appended.offset), reports.records[i]);
    EXPECT_GT(appended.offset, last);
    last = appended.offset;
  }
  EXPECT_GE(durable, 100u);
  EXPECT_LT(durable, reports.records.size());
}

TEST_F(AKafkaLog, WhatIsInDoubtStandsInTheLogOnceAndInOrderIfAtAll) {
  const auto log = open(impatient());
  append(*log, "before");
  tell("pause");
  Reports doubtful;
  for (int i = 0; i < 8; ++i) doubtful.append(*log, std::string(1, static_cast<char>('a' + i)));
  doubtful.wait();
  tell("resume");
  Appended after;
  ASSERT_TRUE(testing::eventually([&] {
    after = append(*log, "after");
    return after.outcome == AppendOutcome::durable;
  })) << log->newest_append_problem();
  std::string letters;
  for (const auto& record : read_records(*log)) {
    if (record.bytes.size() == 1) letters += record.bytes;
  }
  EXPECT_TRUE(std::string("abcdefgh").starts_with(letters)) << letters;
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(doubtful.of(i).outcome, AppendOutcome::in_doubt);
}

TEST_F(AKafkaLog, DestructionReportsWhatIsUnderWay) {
  auto log = open(testing::kafka_options(topic));
  append(*log, "before");
  tell("pause");
  Reports reports;
  for (int i = 0; i < 5; ++i) reports.append(*log, "record " + std::to_string(i));
  log.reset();
  ASSERT_EQ(reports.count(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(reports.of(i).outcome, AppendOutcome::in_doubt);
}

TEST_F(AKafkaLog, AHandlerMayAppend) {
  const auto log = open(testing::kafka_options(topic));
  std::promise<Appended> second;
  log->append("first",
              [&](Appended) { log->append("second", [&](Appended appended) { second.set_value(appended); }); });
  EXPECT_EQ(second.get_future().get().outcome, AppendOutcome::durable);
  EXPECT_EQ(read_all(*log), (std::vector<std::string>{"first", "second"}));
}

TEST_F(AKafkaLog, IsReadOnAcrossABrokersRestart) {
  const auto log = open(impatient());
  for (int i = 0; i < 10; ++i) append(*log, std::to_string(i));
  const auto begin = log->read(Offset{}, 3).value();
  ASSERT_EQ(begin.size(), 3u);
  tell("kill");
  tell("start");
  const auto reopened = open(testing::kafka_options(topic));
  ASSERT_EQ(append(*reopened, "10").outcome, AppendOutcome::durable);
  auto records = begin;
  EXPECT_TRUE(testing::eventually([&] {
    auto read = log->read(Offset{value(records.back().offset) + 1}, 4);
    if (read.has_value()) std::move(read->begin(), read->end(), std::back_inserter(records));
    return records.size() >= 11;
  }));
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].bytes, std::to_string(i));
}

TEST_F(AKafkaLog, SaysThatItCannotReachTheEndInsteadOfShowingNothing) {
  const auto log = open(impatient());
  append(*log, "only");
  EXPECT_EQ(log->read(Offset{}, 1)->size(), 1u);
  tell("pause");
  const auto read = log->read(Offset{1}, 1);
  ASSERT_TRUE(read.has_error());
  EXPECT_EQ(read.error(), errc::unreachable);
  EXPECT_EQ(log->end().error(), errc::unreachable);
  tell("resume");
  EXPECT_TRUE(read_records(*log).size() == 1);
}

TEST_F(AKafkaLog, ATailHearsOfARecordThatComesWhileItWaits) {
  const auto reader = std::make_shared<KafkaReader>(testing::kafka_options(topic));
  KafkaLog log(reader, 0);
  auto following = std::async(std::launch::async, [&] {
    while (true) {
      auto tail = log.tail(Offset{}, 1 << 20, 60s).value();
      if (!tail.records.empty()) return tail;
    }
  });
  const auto writer = open(testing::kafka_options(topic));
  append(*writer, "record");
  EXPECT_EQ(following.get().records.front().bytes, "record");
}

TEST_F(AKafkaLog, ATailSaysSinceWhenItMayBeBehind) {
  const auto log = open(impatient());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) append(*log, std::string(1000, 'x'));
  const auto first = log->tail(Offset{}, 1, 60s).value();
  EXPECT_EQ(first.records.size(), 1u);
  EXPECT_FALSE(first.current_as_of) << "two records are left";
  auto rest = log->tail(Offset{1}, 1 << 20, 60s).value();
  ASSERT_TRUE(testing::eventually([&] {
    if (!rest.current_as_of) rest = log->tail(Offset{3}, 1 << 20, 10ms).value();
    return rest.current_as_of.has_value();
  }));
  EXPECT_GE(*rest.current_as_of, start);
  const auto later = *rest.current_as_of;
  ASSERT_TRUE(testing::eventually([&] {
    rest = log->tail(Offset{3}, 1 << 20, 10ms).value();
    return *rest.current_as_of != later;
  }));
  tell("pause");
  const auto known = *rest.current_as_of;
  const auto deaf = std::chrono::steady_clock::now();
  EXPECT_TRUE(testing::eventually([&] {
    const auto tail = log->tail(Offset{3}, 1 << 20, 10ms);
    if (tail.has_error()) return tail.error() == errc::unreachable;
    EXPECT_GE(*tail->current_as_of, known);
    EXPECT_LE(*tail->current_as_of, deaf);
    return false;
  }));
}

TEST_F(AKafkaLog, RefusesPlacesThatItDoesNotHold) {
  const auto log = open(testing::kafka_options(topic));
  for (int i = 0; i < 5; ++i) append(*log, std::to_string(i));
  EXPECT_EQ(log->read(Offset{9}, 1).error(), errc::truncated);
  EXPECT_EQ(log->read(Offset{5}, 1)->size(), 0u);
  testing::delete_records(topic, 0, 3);
  const auto reopened = open(testing::kafka_options(topic));
  EXPECT_EQ(reopened->read(Offset{}, 1).error(), errc::records_deleted);
  EXPECT_EQ(reopened->tail(Offset{1}, 1, 10s).error(), errc::records_deleted);
  EXPECT_EQ(reopened->read(Offset{3}, 1)->front().bytes, "3");
}

TEST_F(AKafkaLog, IsReadWhereItIsAskedForAfterAPlaceThatItDoesNotHold) {
  const auto log = open(testing::kafka_options(topic));
  for (int i = 0; i < 5; ++i) append(*log, std::to_string(i));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(log->read(Offset{9}, 1).error(), errc::truncated);
    const auto read = log->read(Offset{i % 5}, 1);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    ASSERT_EQ(read->size(), 1u);
    EXPECT_EQ(read->front().bytes, std::to_string(i % 5));
  }
}

TEST_F(AKafkaLog, SaysWhichTopicIsMissing) {
  const std::string name = testing::new_topic_name();
  const auto reader = std::make_shared<KafkaReader>(testing::kafka_options(name));
  KafkaLog log(reader, 0);
  EXPECT_EQ(log.read(Offset{}, 1).error(), errc::unknown_topic);
  EXPECT_EQ(log.end().error(), errc::unknown_topic);
  EXPECT_NE(reader->newest_problem().find(name), std::string::npos) << reader->newest_problem();
  EXPECT_NE(append(log, "record").outcome, AppendOutcome::durable);
  KafkaLog beyond(std::make_shared<KafkaReader>(testing::kafka_options(topic)), 7);
  EXPECT_EQ(beyond.read(Offset{}, 1).error(), errc::unknown_topic);
}

TEST_F(AKafkaLog, SaysWhichSettingRefusesItsRecords) {
  const std::string small = testing::new_topic(1, 1, {{"max.message.bytes", "1000"}});
  const auto log = open(testing::kafka_options(small));
  EXPECT_EQ(append(*log, std::string(5000, 'x')).outcome, AppendOutcome::in_doubt);
  EXPECT_NE(log->newest_append_problem().find("max.message.bytes"), std::string::npos) << log->newest_append_problem();
  EXPECT_EQ(append(*log, "small").outcome, AppendOutcome::durable);
  EXPECT_EQ(read_all(*log), std::vector<std::string>{"small"});
}

}  // namespace
}  // namespace countersign::bus
