// What is kept in RAM and bounded: failed attempts, counted refusals, sessions in use.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "adapters/commands/attempt_limits.h"
#include "adapters/commands/key_use.h"
#include "adapters/commands/refusal_log.h"
#include "adapters/commands/session_activity.h"
#include "tests/support/ledger.h"

namespace countersign::commands {
namespace {

constexpr domain::UnixMs minute = 60'000, start = 1'790'000'000'000;

AttemptLimits::Source source(std::uint8_t n) {
  AttemptLimits::Source out{};
  out.fill(n);
  return out;
}

TEST(AttemptLimits, TwentyFailuresASourceAndMinute) {
  AttemptLimits limits({20, 0});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(limits.wait_ms(source(1), 7, 0, start + i), 0);
    limits.failed(source(1), 7, start + i);
  }
  EXPECT_EQ(limits.wait_ms(source(1), 7, 0, start + 20), minute - 20);
  EXPECT_EQ(limits.wait_ms(source(2), 7, 0, start + 20), 0);
  EXPECT_EQ(limits.wait_ms(source(1), 7, 0, start + minute - 1), 1);
  EXPECT_EQ(limits.wait_ms(source(1), 7, 0, start + minute), 0);
}

TEST(AttemptLimits, ASlotsBudgetIsSharedByAllSources) {
  AttemptLimits limits({0, 10});
  for (std::uint8_t i = 0; i < 10; ++i) limits.failed(source(i), 7, start);
  EXPECT_EQ(limits.wait_ms(source(99), 7, 0, start + 1), minute - 1);
  EXPECT_EQ(limits.wait_ms(source(99), 8, 0, start + 1), 0);
}

TEST(AttemptLimits, ZeroMeansNone) {
  AttemptLimits limits({0, 0});
  for (int i = 0; i < 5000; ++i) limits.failed(source(1), 7, start);
  EXPECT_EQ(limits.wait_ms(source(1), 7, 1'000'000, start), 0);
}

TEST(AttemptLimits, GuessingSucceedsWithOneInTenThousandAWeekAtMost) {
  constexpr double codes = 819'628'286'980'801.0;  // 31^10
  for (const std::uint64_t open : {1ull, 1000ull, 1'000'000ull, 4'000'000ull}) {
    const auto budget = AttemptLimits::slot_budget(1000, open);
    EXPECT_GE(budget, 1u);
    const double chance = static_cast<double>(budget) * 7 * 24 * 60 * static_cast<double>(open) / codes;
    EXPECT_LE(chance, 1e-4) << open << " open codes, " << budget << " guesses a minute";
  }
  EXPECT_EQ(AttemptLimits::slot_budget(1000, 1), 1000u);
  EXPECT_EQ(AttemptLimits::slot_budget(1000, 1'000'000), 8u);
  EXPECT_EQ(AttemptLimits::slot_budget(0, 1'000'000), 0u);  // switched off
  EXPECT_EQ(AttemptLimits::slot_budget(1000, 1'000'000'000), 1u);
}

TEST(AttemptLimits, WhenThereAreTooManySourcesNewOnesShareACount) {
  AttemptLimits limits({3, 0}, 2);
  limits.failed(source(1), 0, start);
  limits.failed(source(2), 0, start);
  for (std::uint8_t i = 3; i < 6; ++i) limits.failed(source(i), 0, start);
  EXPECT_GT(limits.wait_ms(source(77), 0, 0, start), 0);
  EXPECT_EQ(limits.wait_ms(source(1), 0, 0, start), 0);
  EXPECT_EQ(limits.wait_ms(source(77), 0, 0, start + minute), 0);
}

domain::AccountId an_account() {
  return {testing::uuid_of("account")};
}

RefusalLog::Refused refused(domain::EventType type, domain::Reason reason, std::uint8_t from) {
  return {an_account(), type, reason, source(from), "ip"};
}
constexpr auto of_keys = domain::EventType::api_key_refused;
constexpr auto of_codes = domain::EventType::registration_code_redemption_refused;

TEST(RefusalLog, WritesTheFirstCountsTheRestAndForgets) {
  RefusalLog log;
  const auto first = [&](std::uint8_t from, domain::Reason reason, domain::UnixMs now) {
    return log.first(refused(of_keys, reason, from), now);
  };
  EXPECT_TRUE(first(1, domain::Reason::key_unknown, start));
  EXPECT_FALSE(first(1, domain::Reason::key_unknown, start + 1));
  EXPECT_FALSE(first(1, domain::Reason::key_unknown, start + 2));
  EXPECT_TRUE(first(1, domain::Reason::key_expired, start));
  EXPECT_TRUE(first(2, domain::Reason::key_unknown, start));
  EXPECT_TRUE(log.take_ended(start + minute - 1).empty());
  const auto ended = log.take_ended(start + minute);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].count, 2u);
  EXPECT_EQ(ended[0].window_start, start);
  EXPECT_EQ(ended[0].refused.source, source(1));
  EXPECT_TRUE(first(1, domain::Reason::key_unknown, start + minute));
}

TEST(RefusalLog, TheFirstRefusedRedemptionIsTheFirstOfAnyReason) {
  RefusalLog log;
  using enum domain::Reason;
  EXPECT_TRUE(log.first(refused(of_codes, code_unknown, 1), start));
  for (const auto reason : {code_used, code_unknown, code_expired, code_used, user_disabled})
    EXPECT_FALSE(log.first(refused(of_codes, reason, 1), start + 1));
  std::map<domain::Reason, std::uint32_t> counts;
  for (const auto& counted : log.take_ended(start + minute)) counts[counted.refused.reason] = counted.count;
  const std::map<domain::Reason, std::uint32_t> expected = {
      {code_unknown, 1}, {code_used, 2}, {code_expired, 1}, {user_disabled, 1}};
  EXPECT_EQ(counts, expected);
}

TEST(RefusalLog, WhatOnlyCountsLeavesTheFirstToOthers) {
  RefusalLog log;
  log.count(refused(of_codes, domain::Reason::too_many_attempts, 1), start);
  EXPECT_TRUE(log.first(refused(of_codes, domain::Reason::code_unknown, 1), start + 1));
  const auto all = log.take_all();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].refused.reason, domain::Reason::too_many_attempts);
  EXPECT_EQ(all[0].count, 1u);
}

TEST(RefusalLog, WhatCouldNotBeWrittenIsTakenOutAgain) {
  RefusalLog log;
  for (int i = 0; i < 4; ++i) log.first(refused(of_codes, domain::Reason::code_used, 1), start);
  const auto taken = log.take_ended(start + minute);
  ASSERT_EQ(taken.size(), 1u);
  log.put_back(taken[0]);
  log.first(refused(of_codes, domain::Reason::code_used, 1), start + minute);
  const auto again = log.take_ended(start + minute);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].count, 3u);
  EXPECT_EQ(again[0].window_start, start);
}

TEST(RefusalLog, EachKeyIsCountedByItself) {
  RefusalLog log;
  const auto of = [](const char* name) {
    auto what = refused(of_keys, domain::Reason::role_insufficient, 1);
    what.actor = what.subject = {domain::PartyKind::api_key, testing::uuid_of(name)};
    return what;
  };
  EXPECT_TRUE(log.first(of("one"), start));
  EXPECT_TRUE(log.first(of("two"), start));
  EXPECT_FALSE(log.first(of("two"), start + 1));
  const auto ended = log.take_ended(start + minute);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].refused.subject, of("two").subject);
  EXPECT_EQ(ended[0].refused.actor, of("two").actor);
}

TEST(RefusalLog, CountsACrowdTogether) {
  RefusalLog log(2);
  int written = 0;
  for (std::uint8_t i = 1; i <= 50; ++i) written += log.first(refused(of_keys, domain::Reason::key_unknown, i), start);
  EXPECT_EQ(written, 3);
  const auto ended = log.take_ended(start + minute);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].count, 47u);
  EXPECT_FALSE(ended[0].refused.source);
  EXPECT_EQ(ended[0].refused.ip, "");
}

TEST(SessionActivity, IsLoggedOnceAQuarterOfAnHourAtMost) {
  SessionActivity activity;
  const domain::SessionId session{testing::uuid_of("session")};
  const domain::UserId user{testing::uuid_of("user")};
  const auto seen = [&](domain::UnixMs now) { activity.seen(an_account(), user, session, start, now); };
  seen(start + minute);
  EXPECT_TRUE(activity.take_due(start + minute, 10).empty());
  EXPECT_EQ(activity.last_seen(session, start), start + minute);
  seen(start + 15 * minute);
  const auto due = activity.take_due(start + 15 * minute, 10);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].seen.at, start + 15 * minute);
  EXPECT_EQ(due[0].seen.session, session);
  seen(start + 16 * minute);
  EXPECT_TRUE(activity.take_due(start + 16 * minute, 10).empty());
  seen(start + 30 * minute);
  EXPECT_EQ(activity.take_due(start + 30 * minute, 10).size(), 1u);
}

TEST(SessionActivity, WhatCouldNotBeLoggedIsDueAgain) {
  SessionActivity activity;
  const domain::SessionId session{testing::uuid_of("session")};
  activity.seen(an_account(), {}, session, start, start + 20 * minute);
  const auto due = activity.take_due(start + 20 * minute, 10);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_TRUE(activity.take_due(start + 20 * minute, 10).empty());
  activity.put_back(due[0]);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 10).size(), 1u);
}

TEST(SessionActivity, ManyInUseDoNotKeepOthersFromBeingLogged) {
  SessionActivity activity;
  constexpr int sessions = 400;
  std::set<domain::SessionId> logged;
  for (int round = 1; round <= 20; ++round) {
    const auto now = start + round * 16 * minute;  // all of them are due in every round, and only 40 are taken
    for (int i = 0; i < sessions; ++i) activity.seen(an_account(), {}, {testing::uuid_of(std::to_string(i))}, 0, now);
    for (const auto& due : activity.take_due(now, 40)) logged.insert(due.seen.session);
  }
  EXPECT_EQ(logged.size(), static_cast<std::size_t>(sessions));
}

TEST(SessionActivity, OfOthersAccountsTheOwnerIsToldOnceAMinute) {
  SessionActivity activity;
  const domain::SessionId session{testing::uuid_of("session")};
  const auto others = [](domain::AccountId account) { return account == an_account(); };
  const auto mine = [&](domain::AccountId account) { return !others(account); };
  const auto untold = [&](domain::UnixMs now) { return activity.take_untold(now, others); };
  const auto seen = [&](domain::UnixMs at) { activity.seen(an_account(), {}, session, start, at); };
  seen(start + minute);
  EXPECT_TRUE(activity.take_untold(start + minute, mine).empty());
  ASSERT_EQ(untold(start + minute).size(), 1u);
  seen(start + minute + 1);
  EXPECT_TRUE(untold(start + minute + 2).empty());
  const auto again = untold(start + 2 * minute);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].seen.at, start + minute + 1);
  EXPECT_TRUE(untold(start + 9 * minute).empty()) << "nothing new";
  activity.tell_again(others);
  EXPECT_EQ(untold(start + 9 * minute).size(), 1u);
  activity.seen(an_account(), {}, session, start + 20 * minute, start + 20 * minute);
  activity.tell_again(others);
  EXPECT_TRUE(untold(start + 21 * minute).empty()) << "the owner has logged it";
}

TEST(SessionActivity, OthersSessionsDoNotKeepOwnOnesFromBeingLogged) {
  SessionActivity activity;
  const domain::AccountId own{testing::uuid_of("own")};
  for (int i = 0; i < 100; ++i)
    activity.seen(an_account(), {}, {testing::uuid_of(std::to_string(i))}, start, start + 20 * minute);
  activity.seen(own, {}, {testing::uuid_of("one")}, start, start + 20 * minute);
  const auto due = activity.take_due(start + 20 * minute, 10, [&](auto account) { return account == own; });
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].account, own);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 200).size(), 100u) << "still due for who comes to own them";
}

TEST(KeyUse, TellsOwnersOnceAMinuteAndOnlyGrows) {
  KeyUse use(2);
  const auto key = [](const char* name) { return domain::ApiKeyId{testing::uuid_of(name)}; };
  use.note({an_account(), key("a"), start + minute});
  use.note({an_account(), key("a"), start});
  EXPECT_EQ(use.last(key("a")), start + minute);
  EXPECT_EQ(use.last(key("b")), 0);
  EXPECT_TRUE(use.take_untold(start + minute, [](auto) { return false; }).empty());
  ASSERT_EQ(use.take_untold(start + minute, {}).size(), 1u);
  use.note({an_account(), key("a"), start + minute + 5});
  EXPECT_TRUE(use.take_untold(start + minute + 5, {}).empty());
  EXPECT_EQ(use.take_untold(start + 2 * minute, {}).size(), 1u);
  EXPECT_TRUE(use.take_untold(start + 9 * minute, {}).empty());
  use.tell_again({});
  EXPECT_EQ(use.take_untold(start + 9 * minute, {}).size(), 1u);
  use.note({an_account(), key("b"), start});
  use.note({an_account(), key("c"), start});
  EXPECT_EQ(use.last(key("c")), 0) << "no more than two";
}

TEST(SessionActivity, IdleSessionsAreForgottenAndLimitsHold) {
  SessionActivity activity;
  for (int i = 0; i < 20; ++i)
    activity.seen(an_account(), {}, {testing::uuid_of(std::to_string(i))}, start, start + 20 * minute);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 7).size(), 7u);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 100).size(), 13u);
  EXPECT_TRUE(activity.take_due(start + 100 * minute, 100).empty());
  EXPECT_EQ(activity.last_seen({testing::uuid_of("0")}, 5), 5);
}

}  // namespace
}  // namespace countersign::commands
