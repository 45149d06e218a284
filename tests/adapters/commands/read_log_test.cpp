// Reads are counted by key, and written once their window has ended.

#include "adapters/commands/read_log.h"

#include <gtest/gtest.h>

#include "tests/support/ledger.h"

namespace countersign::commands {
namespace {

using Kind = ReadLog::Kind;
using countersign::testing::api_key;
using countersign::testing::uuid_of;

const domain::AccountId account{uuid_of("account")};

ReadLog::Reader reader(const char* name) {
  return {account, domain::party(api_key(name)), domain::Role::siem};
}

TEST(ReadLog, CountsEachKindOfReadByKey) {
  ReadLog log;
  for (int i = 0; i < 3; ++i) log.count(reader("a"), Kind::list, 1'000 + i);
  log.count(reader("a"), Kind::facets, 2'000);
  log.count(reader("a"), Kind::histogram, 2'000);
  log.count(reader("a"), Kind::log, 2'000);
  log.count(reader("b"), Kind::log, 5'000);
  auto all = log.take_all();
  ASSERT_EQ(all.size(), 2u);
  std::ranges::sort(all, {}, [](const auto& counted) { return counted.reads.since; });
  EXPECT_EQ(all[0].reader.actor, domain::party(api_key("a")));
  EXPECT_EQ(all[0].reads.lists, 3u);
  EXPECT_EQ(all[0].reads.facets, 1u);
  EXPECT_EQ(all[0].reads.histograms, 1u);
  EXPECT_EQ(all[0].reads.log, 1u);
  EXPECT_EQ(all[0].reads.since, 1'000);
  EXPECT_EQ(all[1].reads.log, 1u);
  EXPECT_TRUE(log.take_all().empty());
}

TEST(ReadLog, AWindowBeginsWithTheFirstReadAndEndsByItself) {
  ReadLog log;
  log.count(reader("a"), Kind::list, 1'000);
  log.count(reader("a"), Kind::list, 1'000 + ReadLog::window_ms - 1);
  EXPECT_TRUE(log.take_ended(1'000 + ReadLog::window_ms - 1).empty());
  const auto ended = log.take_ended(1'000 + ReadLog::window_ms);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reads.lists, 2u);
  EXPECT_TRUE(log.take_ended(10 * ReadLog::window_ms).empty()) << "who reads no more writes no more";
}

TEST(ReadLog, WhatCouldNotBeWrittenIsKept) {
  ReadLog log;
  log.count(reader("a"), Kind::list, 1'000);
  const auto taken = log.take_all();
  log.count(reader("a"), Kind::list, 9'000);
  log.put_back(taken[0]);
  const auto again = log.take_all();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].reads.lists, 2u);
  EXPECT_EQ(again[0].reads.since, 1'000);
}

TEST(ReadLog, OfTooManyKeysTheRestIsCountedTogether) {
  ReadLog log(2);
  for (const auto* name : {"a", "b", "c", "d"}) log.count(reader(name), Kind::list, 1'000);
  const auto all = log.take_all();
  ASSERT_EQ(all.size(), 3u);
  const auto together =
      std::ranges::find(all, domain::PartyKind::system, [](const auto& c) { return c.reader.actor.kind; });
  ASSERT_NE(together, all.end());
  EXPECT_EQ(together->reads.lists, 2u);
}

}  // namespace
}  // namespace countersign::commands
