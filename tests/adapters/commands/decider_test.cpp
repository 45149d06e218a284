// Commands through the decider: retries get the first answer, secrets are sealed, refusals are counted.

#include "adapters/commands/decider.h"

#include "adapters/commands/answer_record.h"
#include "adapters/keys/answer_seal.h"
#include "bus/format.h"
#include "bus/frame.h"
#include "bus/partition_log.h"
#include "domain/record.h"
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
  domain::CodeId only_code() const { return desk.published.reader().user(desk.account, user)->codes.front().id; }
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
  EXPECT_EQ(desk.published.reader().user(desk.account, generate.user)->codes.size(), 1u);
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

TEST(Idempotency, ARescueIsAnsweredAgainAlthoughItsLastEventStandsInAnotherAccount) {
  Desk desk;
  const domain::ApiKeyId id{keys::random_uuid(desk.now)};
  const auto rescue = [&] {
    const auto digest = draw_secret(desk.lookup, domain::BearerKind::api_key, 0).digest;
    return desk.run(
        desk.once(desk.as_root(), "rescue-1", ""), domain::RescueAccount{desk.account, {id, digest}},
        [](const domain::Done&, const domain::State&) {
          return Answer{201, "the key", {}};
        },
        [id](const domain::Done&) {
          return std::vector<HandedOut>{{domain::party(id), {}}};
        });
  };
  ASSERT_TRUE(rescue().ok());
  const auto again = rescue();
  ASSERT_TRUE(again.ok()) << again.refusal->detail;
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.answer->body, "the key");
}

TEST(Idempotency, TheAnswerCannotBeOpenedWithTheClientsKeyAlone) {
  Desk desk;
  const Generation generate{desk, desk.a_user("ada")};
  ASSERT_TRUE(generate("1", "body").ok());
  int records = 0;
  desk.views.scan("I", "I", [&](std::string_view, std::string_view row) {
    ++records;
    const auto record = decode_answer_record(row);
    EXPECT_FALSE(keys::open_answer("1", "POST /v1/test", record.sealed));
    EXPECT_TRUE(
        keys::open_answer(idempotency_of(desk.lookup, "POST /v1/test", "1", "").key, "POST /v1/test", record.sealed));
    return true;
  });
  EXPECT_EQ(records, 1);
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
  EXPECT_EQ(counted[0].refused.reason, domain::Reason::code_unknown);
  EXPECT_EQ(counted[0].refused.ip, "192.0.2.1");
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

/// Events and answer of one command go into a frame together, or begin the next one.
TEST(Batch, NeverOutgrowsAFrameWhateverTheAnswersAdd) {
  Desk desk;
  const auto user = desk.a_user("ada");
  const auto work_of = [&](std::size_t answer_bytes, const std::string& key) {
    return std::make_unique<TypedWork<domain::GenerateCodes>>(
        desk.once(desk.as_admin(), key, key),
        domain::GenerateCodes{{user}, 20, draw_codes(desk.lookup, domain::slot_of(desk.account), 20, desk.now)},
        [](auto&&) {},
        [answer_bytes](const domain::GeneratedCodes&, const domain::State&) {
          return Answer{201, std::string(answer_bytes, 'x'), {}};
        });
  };
  const auto size_of = [](const bus::Batch& batch) { return bus::encoded_size_bound(batch.contents()); };
  const auto batch = desk.decider.begin(bus::TimeMs{desk.now});
  const auto first = work_of(400'000, "a"), second = work_of(400'000, "b"), third = work_of(400'000, "c");
  EXPECT_TRUE(batch->run(*first));
  EXPECT_TRUE(batch->run(*second));
  const auto before = size_of(*batch);
  EXPECT_FALSE(batch->run(*third)) << "it went into a frame that has no room for it";
  EXPECT_EQ(size_of(*batch), before);
  EXPECT_LE(before, bus::max_record_bytes);
  const auto next = desk.decider.begin(bus::TimeMs{desk.now});
  EXPECT_TRUE(next->run(*third));
  EXPECT_FALSE(third->refusal);
  EXPECT_EQ(next->contents().answers.size(), 1u);
  const auto fourth = work_of(600'000, "d");
  EXPECT_TRUE(desk.decider.begin(bus::TimeMs{desk.now})->run(*fourth));
  ASSERT_TRUE(fourth->refusal);
  EXPECT_EQ(fourth->refusal->code, RefusalCode::too_large);
}

TEST(Batch, RaisesTheLogsFormatByTheEventThatSaysSo) {
  Desk desk;
  const auto system_work = [](domain::EventType type) {
    Call call;
    call.context.account = domain::system_account();
    call.context.actor.kind = domain::PartyKind::system;
    return std::make_unique<TypedWork<domain::RecordServer>>(std::move(call), domain::RecordServer{type, "1", "node"},
                                                             [](auto&&) {});
  };
  const auto started = system_work(domain::EventType::server_started);
  const auto upgraded = system_work(domain::EventType::log_upgraded);
  const auto batch = desk.decider.begin(bus::TimeMs{desk.now});
  EXPECT_TRUE(batch->run(*started));
  EXPECT_EQ(batch->contents().format, 0) << "as it is";
  EXPECT_TRUE(batch->run(*upgraded));
  EXPECT_EQ(batch->contents().format, bus::newest_format());
  EXPECT_EQ(batch->contents().events.size(), 2u);
}

TEST(Batch, ASweepGoesOnPastSomebodyWhoseKeyIsGone) {
  Desk desk;
  const auto ada = desk.a_user("ada"), grace = desk.a_user("grace");
  const auto gone = desk.a_code(ada), there = desk.a_code(grace);
  ASSERT_FALSE(desk.key_store().erase_subject(desk.account, ada));
  desk.now += 8 * domain::day_ms;
  auto system = desk.as_system();
  system.context.account = desk.account;
  const auto swept =
      desk.run(system, domain::SweepExpired{{{ada, domain::party(gone.id)}, {grace, domain::party(there.id)}}});
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(swept.result->events, 2u);
  EXPECT_EQ(desk.published.reader().account(desk.account)->open_codes, 0u);
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
