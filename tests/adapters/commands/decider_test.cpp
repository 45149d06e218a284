// Commands through the decider: retries get the first answer, secrets are sealed, refusals are counted.

#include "adapters/commands/decider.h"

#include "adapters/commands/answer_record.h"
#include "tests/adapters/commands/desk.h"

namespace countersign::commands {
namespace {

using domain::RefusalCode;
using test::Desk;

constexpr domain::UnixMs hour = 3'600'000;

struct Generation {
  Desk& desk;
  domain::UserId user;

  auto operator()(const std::string& key, const std::string& body) const {
    return desk.run(
        desk.once(desk.as_admin(), key, body),
        domain::GenerateCodes{{user}, 1, draw_codes(desk.lookup, domain::slot_of(desk.account), 1, desk.now)},
        [](const domain::GeneratedCodes& made, const domain::State&) {
          return Answer{201, made.items.front().text, {{"X-Not-Kept", "1"}}};
        },
        [](const domain::GeneratedCodes& made) {
          return std::vector<HandedOut>{{domain::party(made.items.front().id), made.items.front().user}};
        });
  }
  domain::CodeId only_code() const { return desk.decider.reader().user(desk.account, user)->codes.front().id; }
};

TEST(Idempotency, ARetryGetsTheFirstAnswerAndHasNoSecondEffect) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  const auto first = generate("key-1", "body");
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first.replayed);
  EXPECT_EQ(desk.answers, 1u);
  const auto again = generate("key-1", "body");
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.answer->status, 201);
  EXPECT_EQ(again.answer->body, first.answer->body);
  EXPECT_EQ(desk.events + desk.answers, 0u);
  EXPECT_EQ(desk.decider.reader().user(desk.account, generate.user)->codes.size(), 1u);
}

TEST(Idempotency, AnotherKeyIsAnotherCommand) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  const auto first = generate("key-1", "body"), second = generate("key-2", "body");
  EXPECT_FALSE(second.replayed);
  EXPECT_NE(first.answer->body, second.answer->body);
}

TEST(Idempotency, TheSameKeyWithAnotherBodyIsRefused) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  ASSERT_TRUE(generate("key-1", "body").ok());
  const auto other = generate("key-1", "another body");
  ASSERT_TRUE(other.refusal);
  EXPECT_EQ(other.refusal->code, RefusalCode::idempotency_key_reused);
}

TEST(Idempotency, RevokingWhatAnAnswerHandedOutWithdrawsIt) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  ASSERT_TRUE(generate("key-1", "body").ok());
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::RevokeCode{generate.only_code()}).ok());
  const auto again = generate("key-1", "body");
  ASSERT_TRUE(again.refusal);
  EXPECT_EQ(again.refusal->code, RefusalCode::answer_withdrawn);
}

TEST(Idempotency, AUsedCodeMayBeShownAgainButNotAfterTheUserIsErased) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  const auto code = generate("key-1", "body").answer->body;
  ASSERT_TRUE(desk.run(desk.from(), desk.redemption(code)).ok());
  EXPECT_TRUE(generate("key-1", "body").replayed);
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::SetUserDisabled{generate.user, true}).ok());
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::EraseUser{generate.user}).ok());
  EXPECT_EQ(generate("key-1", "body").refusal->code, RefusalCode::answer_withdrawn);
}

TEST(Idempotency, RecordsAreKeptForADay) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  ASSERT_TRUE(generate("key-1", "body").ok());
  desk.now += 24 * hour - 1;
  EXPECT_TRUE(generate("key-1", "body").replayed);
  desk.now += 1;
  const auto later = generate("key-1", "another body");
  ASSERT_TRUE(later.ok());
  EXPECT_FALSE(later.replayed);
}

TEST(Idempotency, RefusalsAreDecidedAnew) {
  Desk desk;
  const auto user = desk.a_user("ada");
  const Generation generate{desk, user};
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::SetUserDisabled{user, true}).ok());
  EXPECT_EQ(generate("key-1", "body").refusal->code, RefusalCode::user_disabled);
  EXPECT_EQ(desk.answers, 0u);
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::SetUserDisabled{user, false}).ok());
  EXPECT_TRUE(generate("key-1", "body").ok());
}

TEST(Idempotency, ARefusedRedemptionKeepsNoAnswer) {
  Desk desk;
  const auto refused = desk.run(desk.once(desk.from(), "key-1", "body"), desk.redemption("AAAAAAAAAAAA"),
                                [](const domain::Activated&, const domain::State&) {
                                  return Answer{201, "never", {}};
                                });
  EXPECT_EQ(refused.refusal->code, RefusalCode::code_not_redeemable);
  EXPECT_EQ(desk.events, 1u);
  EXPECT_EQ(desk.answers, 0u);
}

TEST(Idempotency, TheRecordHoldsNeitherKeyNorAnswerInClear) {
  AnswerRecord record;
  record.time = 5;
  record.status = 201;
  record.record.fill(1);
  record.body.fill(2);
  record.account = {keys::random_uuid(7)};
  record.handed_out = {{domain::party(domain::CodeId{keys::random_uuid(8)}), {keys::random_uuid(9)}}};
  record.sealed = "sealed";
  const auto bytes = encode(record);
  const auto back = decode_answer_record(bytes);
  EXPECT_EQ(back.record, record.record);
  EXPECT_EQ(back.body, record.body);
  EXPECT_EQ(back.time, 5);
  EXPECT_EQ(back.status, 201);
  EXPECT_EQ(back.account, record.account);
  ASSERT_EQ(back.handed_out.size(), 1u);
  EXPECT_EQ(back.handed_out[0].object, record.handed_out[0].object);
  EXPECT_EQ(back.handed_out[0].user, record.handed_out[0].user);
  EXPECT_EQ(back.sealed, "sealed");
  for (std::size_t size = 0; size < bytes.size(); size += 5)
    EXPECT_THROW(decode_answer_record(bytes.substr(0, size)), std::runtime_error);
}

TEST(Refusals, OfOneSourceAreWrittenOnceAMinuteAndCounted) {
  Desk desk;
  const auto guess = [&](std::uint8_t host) {
    desk.run(desk.from(host), desk.redemption("AAAAAAAAAAAA"));
    return desk.events;
  };
  EXPECT_EQ(guess(1), 1u);
  EXPECT_EQ(guess(1), 0u);
  EXPECT_EQ(guess(2), 1u);
  EXPECT_EQ(guess(1), 0u);
  const auto counted = desk.refusals.take_ended(desk.now + 60'000);
  ASSERT_EQ(counted.size(), 1u);
  EXPECT_EQ(counted[0].count, 2u);
  EXPECT_EQ(counted[0].reason, domain::Reason::code_unknown);
  EXPECT_EQ(counted[0].ip, "192.0.2.1");
}

TEST(Draw, AnAccountNeverTakesTheSystemAccountsSlot) {
  for (int i = 0; i < 20'000; ++i)
    ASSERT_NE(domain::slot_of(draw_account(i)), domain::slot_of(domain::system_account()));
}

TEST(Batch, CommandsSeeTheOnesBeforeThem) {
  Desk desk;
  const auto user = desk.a_user("ada");
  const auto code = desk.a_code(user);
  const auto batch = desk.decider.begin(bus::TimeMs{desk.now});
  std::vector<bool> redeemed;
  std::vector<std::unique_ptr<TypedWork<domain::RedeemCode>>> works;
  for (std::uint8_t i = 0; i < 8; ++i) {
    works.push_back(std::make_unique<TypedWork<domain::RedeemCode>>(
        desk.from(i), desk.redemption(code.text), [&](auto outcome) { redeemed.push_back(outcome.ok()); }));
    batch->run(*works.back());
  }
  for (const auto& work : works) work->settle({});
  EXPECT_EQ(std::count(redeemed.begin(), redeemed.end(), true), 1);
  EXPECT_TRUE(redeemed.front());
}

TEST(Batch, DiscardedOnesLeaveNothing) {
  Desk desk;
  const auto user = desk.a_user("ada");
  const auto code = desk.a_code(user);
  const auto lost = desk.decider.begin(bus::TimeMs{desk.now});
  TypedWork<domain::RedeemCode> work(desk.from(), desk.redemption(code.text), [](auto&&) {});
  lost->run(work);
  desk.decider.discard_unpublished();
  EXPECT_TRUE(desk.run(desk.from(), desk.redemption(code.text)).ok());
}

TEST(Batch, AnEventsSecretsAreSealed) {
  Desk desk;
  const auto user = desk.a_user("Lovelace");
  const auto code = desk.a_code(user);
  int seen = 0;
  desk.views.dump([&](std::string_view, std::string_view key, std::string_view value) {
    ++seen;
    for (const auto* secret : {"Lovelace", "192.0.2.1", code.text.c_str()}) {
      EXPECT_EQ(key.find(secret), std::string_view::npos);
      EXPECT_EQ(value.find(secret), std::string_view::npos);
    }
  });
  EXPECT_GT(seen, 5);
}

}  // namespace
}  // namespace countersign::commands
