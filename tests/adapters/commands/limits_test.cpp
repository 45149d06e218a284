// What is kept in RAM and bounded: failed attempts, counted refusals, sessions in use.

#include <gtest/gtest.h>

#include "adapters/commands/attempt_limits.h"
#include "adapters/commands/refusal_log.h"
#include "adapters/commands/session_activity.h"
#include "tests/support/story.h"

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

TEST(RefusalLog, WritesTheFirstCountsTheRestAndForgets) {
  RefusalLog log;
  const auto first = [&](std::uint8_t from, domain::Reason reason, domain::UnixMs now) {
    return log.first(an_account(), domain::EventType::api_key_refused, reason, source(from), "ip", now);
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
  EXPECT_EQ(ended[0].source, source(1));
  EXPECT_TRUE(first(1, domain::Reason::key_unknown, start + minute));
}

TEST(RefusalLog, CountsACrowdTogether) {
  RefusalLog log(2);
  int written = 0;
  for (std::uint8_t i = 1; i <= 50; ++i)
    written += log.first(an_account(), domain::EventType::api_key_refused, domain::Reason::key_unknown, source(i), "ip",
                         start);
  EXPECT_EQ(written, 3);
  const auto ended = log.take_ended(start + minute);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].count, 47u);
  EXPECT_FALSE(ended[0].source);
  EXPECT_EQ(ended[0].ip, "");
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

TEST(SessionActivity, IdleSessionsAreForgottenAndLimitsHold) {
  SessionActivity activity;
  for (int i = 0; i < 20; ++i)
    activity.seen(an_account(), {}, {testing::uuid_of(std::to_string(i))}, start, start + 20 * minute);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 7).size(), 7u);
  EXPECT_EQ(activity.take_due(start + 20 * minute, 100).size(), 13u);
  EXPECT_TRUE(activity.take_due(start + 100 * minute, 100).empty());
  EXPECT_EQ(activity.last_seen({testing::uuid_of("0")}, 5), 5);
}

TEST(UniformRefusals, LookUpTheSameNumberOfRowsWhateverIsWrong) {
  using namespace testing;
  const auto open = std::vector{a_user("ada"), a_code("ada", "A")};
  const std::vector<std::pair<const char*, std::vector<Step>>> pasts = {
      {"unknown", {a_user("ada")}},
      {"used", a_device("ada", "A")},
      {"expired", open + std::vector{later(8 * domain::day_ms)}},
      {"expired and swept",
       open + std::vector{later(8 * domain::day_ms),
                          system(domain::SweepExpired{{{user("ada"), domain::party(code("A"))}}})}},
      {"revoked", open + std::vector{revoke("A")}},
      {"used and revoked", a_device("ada", "A") + std::vector{revoke("A")}},
      {"blocked", open + std::vector{disable("ada")}},
      {"reserved", open + std::vector{reserve("A", "T")}},
      {"with MFA", open + std::vector{turn_mfa("ada", true)}},
      {"suspended", open + std::vector{suspend()}},
      {"erased", open + std::vector{disable("ada"), erase("ada")}}};
  for (const auto& endpoint : {0, 1, 2}) {
    std::optional<std::size_t> expected;
    std::optional<std::string> detail;
    for (const auto& [what, past] : pasts) {
      Ledger ledger;
      for (const auto& step : past) ASSERT_FALSE(step(ledger).refusal) << what;
      auto context = ledger.nobody();
      const auto before = ledger.state().lookups();
      const domain::State& state = ledger.state();
      const auto refused = [&](const auto& decision) {
        ASSERT_TRUE(decision.refusal()) << what;
        if (!detail) detail = decision.refusal()->detail;
        EXPECT_EQ(decision.refusal()->detail, *detail) << what;
      };
      if (endpoint == 0)
        refused(decide(state, context, domain::RedeemCode{testing::digest_of("code A"), ledger.slot(), {}}));
      if (endpoint == 1)
        refused(decide(state, context,
                       domain::ReserveCode{testing::digest_of("code A"), ledger.slot(), testing::digest_of("U")}));
      if (endpoint == 2)
        refused(decide(state, context, domain::ActivateDevice{testing::digest_of("ticket U"), ledger.slot(), {}}));
      const auto lookups = ledger.state().lookups() - before;
      if (!expected) expected = lookups;
      EXPECT_EQ(lookups, *expected) << what;
    }
  }
}

}  // namespace
}  // namespace countersign::commands
