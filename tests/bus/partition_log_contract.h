#pragma once
// What every partition log promises, as a suite that each program with an adapter instantiates. It must hold for Kafka,
// too: offsets may have gaps, strangers may append.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "bus/errc.h"
#include "bus/partition_log.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {

using testing::append;
using testing::read_all;

/// Keeps what outlives an opened log.
class Home {
 public:
  virtual ~Home() = default;
  virtual std::unique_ptr<PartitionLog> open() = 0;
};

struct Adapter {
  const char* name;
  std::function<std::unique_ptr<Home>()> home;
};

inline void PrintTo(const Adapter& adapter, std::ostream* out) {
  *out << adapter.name;
}

class PartitionLogContract : public ::testing::TestWithParam<Adapter> {
 protected:
  std::unique_ptr<Home> home = GetParam().home();
  std::unique_ptr<PartitionLog> log = home->open();
};

TEST_P(PartitionLogContract, AnEmptyLogHasNothingToRead) {
  EXPECT_TRUE(log->read(Offset{}, 1000)->empty());
}

TEST_P(PartitionLogContract, WhatWasAppendedIsReadBackInOrder) {
  std::vector<std::string> written;
  for (int i = 0; i < 50; ++i) {
    written.push_back("record " + std::to_string(i));
    ASSERT_EQ(append(*log, written.back()).outcome, AppendOutcome::durable);
  }
  EXPECT_EQ(read_all(*log), written);
}

TEST_P(PartitionLogContract, AReportNamesThePlaceWhereTheRecordIsRead) {
  append(*log, "first");
  const Offset second = append(*log, "second").offset;
  append(*log, "third");
  const auto read = log->read(second, 1);
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().offset, second);
  EXPECT_EQ(read->front().bytes, "second");
}

TEST_P(PartitionLogContract, LaterRecordsHaveGreaterOffsets) {
  const Offset first = append(*log, "first").offset;
  EXPECT_GT(append(*log, "second").offset, first);
}

TEST_P(PartitionLogContract, TheEndIsWhereReadingFindsNothing) {
  append(*log, "only");
  EXPECT_TRUE(log->read(log->end().value(), 1000)->empty());
  const Offset end = log->end().value();
  append(*log, "one more");
  EXPECT_EQ(log->read(end, 1000)->front().bytes, "one more");
}

TEST_P(PartitionLogContract, AReadStopsNearTheAskedSizeButGivesOneRecordAtLeast) {
  for (int i = 0; i < 10; ++i) append(*log, std::string(1000, 'x'));
  EXPECT_EQ(log->read(Offset{}, 1)->size(), 1u);
  EXPECT_LT(log->read(Offset{}, 3000)->size(), 10u);
  EXPECT_EQ(read_all(*log, 3000).size(), 10u);
}

TEST_P(PartitionLogContract, RecordsAreAnyBytes) {
  std::string bytes(256 * 3, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  append(*log, bytes);
  EXPECT_EQ(read_all(*log), std::vector{bytes});
}

TEST_P(PartitionLogContract, TheLargestRecordFitsAndALargerOneIsNotWritten) {
  EXPECT_EQ(append(*log, std::string(max_record_bytes, 'x')).outcome, AppendOutcome::durable);
  const Appended refused = append(*log, std::string(max_record_bytes + 1, 'x'));
  EXPECT_EQ(refused.outcome, AppendOutcome::not_written);
  EXPECT_EQ(refused.reason, errc::too_large);
  EXPECT_EQ(read_all(*log).size(), 1u);
}

TEST_P(PartitionLogContract, SeveralAppendsUnderWayAreWrittenInTheOrderOfTheCalls) {
  std::atomic<int> reports = 0;
  std::vector<std::string> written;
  for (int i = 0; i < 200; ++i) {
    written.push_back(std::to_string(i));
    log->append(written.back(), [&reports](Appended) { ++reports; });
  }
  while (reports < 200) std::this_thread::yield();
  EXPECT_EQ(read_all(*log), written);
}

TEST_P(PartitionLogContract, EveryAppendIsReportedExactlyOnce) {
  std::array<std::atomic<int>, 400> reports{};
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([this, writer, &reports] {
      for (std::size_t i = 0; i < 100; ++i) {
        log->append("x", [&reports, at = writer * 100 + i](Appended) { ++reports[at]; });
      }
    });
  }
  for (auto& writer : writers) writer.join();
  append(*log, "behind them all");
  for (const auto& count : reports) EXPECT_EQ(count, 1);
  EXPECT_EQ(read_all(*log).size(), 401u);
}

TEST_P(PartitionLogContract, WhatIsDurableIsThereAfterOpeningAgain) {
  const Offset first = append(*log, "first").offset;
  log.reset();
  log = home->open();
  EXPECT_EQ(read_all(*log), std::vector<std::string>{"first"});
  EXPECT_GT(append(*log, "second").offset, first);
  EXPECT_EQ(read_all(*log).size(), 2u);
}

}  // namespace countersign::bus
