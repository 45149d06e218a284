// Challenges: what answers them and for how long, how many messages a user gets, and that each message is sent once at
// most, whoever asks in whatever order.

#include <gtest/gtest.h>

#include <set>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;

constexpr auto sms = AuthenticatorType::sms, ocra = AuthenticatorType::ocra, virtual_ = AuthenticatorType::virtual_;

Reason reason_of(Scenario& story) {
  const auto& reasons = story->last().reasons;
  return reasons.empty() ? Reason::none : reasons.front();
}
Challenge challenge_of(Scenario& story, const std::string& user_name = "ada", const std::string& name = "A") {
  return story->the_authenticator(user_name, name).challenge;
}
Step issue(const std::string& name, Role role = Role::gateway, Channel channel = Channel::sms) {
  return by(role, a_challenge("ada", "A", name, channel));
}
Step use(std::uint64_t counter, OtpFlow flow = OtpFlow::verify) {
  return use_otp("ada", "A", counter, flow);
}

TEST(AChallenge, OfAMessageTakesTheNextCounterAndIsAnsweredOnce) {
  auto story = given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000)});
  story.when(issue("first")).then({challenge_undelivered, challenge_issued});  // nobody has sent the one to confirm by
  EXPECT_EQ(challenge_of(story).counter, 1u);
  for (const std::uint64_t other : {0, 2}) {
    story.when(use(other)).then({authenticator_verification_failed});
    EXPECT_EQ(reason_of(story), Reason::otp_replayed);
  }
  story.when(use(1)).then({authenticator_verified});
  story.when(use(1)).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::challenge_not_open);
  story->now += 30'000;
  story.when(issue("second")).then({challenge_undelivered, challenge_issued});
  EXPECT_EQ(challenge_of(story).counter, 2u);
}

TEST(AChallenge, IsAnsweredForFiveMinutes) {
  auto story = given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000), issue("first")});
  story->now += 300'000 - 1;
  story.when(use_wrong_otp("ada", "A")).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::otp_wrong);
  story->now += 1;
  story.when(use(1)).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::challenge_expired);
  story.when(use_wrong_otp("ada", "A")).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::challenge_expired);
}

TEST(AChallenge, IsClosedByANewOne) {
  auto story =
      given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000), issue("first"), later(30'000)});
  story.when(issue("second")).then({challenge_undelivered, challenge_issued});
  story.when(use(1)).then({authenticator_verification_failed});
  story.when(use(2)).then({authenticator_verified});
}

TEST(AChallenge, OnePasswordThatWasComparedWithTheFormerOneIsComparedAgain) {
  auto story =
      given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000), issue("first"), later(30'000)});
  const auto before = story->the_authenticator("ada", "A");
  story.when(issue("second"));
  const UseOtp late{user("ada"), OtpFlow::verify, {}, {{before.id, before.version, true, 1, 0, before.challenge.id}}};
  const auto decision = story->run(late, story->as(Role::gateway));
  EXPECT_TRUE(decision.result().stale);
  EXPECT_TRUE(decision.events.empty());
}

TEST(AChallenge, IsClosedByWhateverElseHappensToItsAuthenticator) {
  const auto edit = [](Ledger& ledger) {
    const auto a = ledger.the_authenticator("ada", "A");
    return ledger.happens(EditAuthenticator{a.id, {}, digest_of("another number"), 0, a.version},
                          ledger.as(Role::operator_));
  };
  auto story = given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000), issue("first")});
  story.when(edit).then({authenticator_updated});
  EXPECT_EQ(story->the_authenticator("ada", "A").status, AuthenticatorStatus::active);
  story.when(use(1)).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::challenge_not_open);
  story.when(begin_delivery("ada", "A", "first")).then({challenge_undelivered});
  EXPECT_EQ(reason_of(story), Reason::challenge_not_open);
}

TEST(AChallenge, IsNoChangeThatAnOperatorCouldHaveRead) {
  auto story = given(an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000)});
  const auto version = story->the_authenticator("ada", "A").version;
  story.when(issue("first"));
  story.when(begin_delivery("ada", "A", "first")).then({challenge_sending});
  EXPECT_EQ(story->the_authenticator("ada", "A").version, version);
}

TEST(AChallenge, WithAQuestionKeepsItAndHasNoMessage) {
  auto story = given(an_authenticator("ada", "A", ocra));
  story.when(issue("first", Role::gateway, Channel::none)).then({challenge_issued});
  story.when(issue("second", Role::gateway, Channel::none)).then({challenge_issued});  // as often as is asked
  EXPECT_TRUE(challenge_of(story).question);
  EXPECT_EQ(challenge_of(story).delivery, Delivery::none);
  story.when(begin_delivery("ada", "A", "second")).then_nothing();
  story.when(use(4)).then({authenticator_verified});  // within its window of counters
  story.when(use(5)).then({authenticator_verification_failed});
  story.when(issue("third", Role::gateway, Channel::none));
  story.when(use(4)).then({authenticator_verification_failed});
  EXPECT_EQ(reason_of(story), Reason::otp_replayed);
  story.when(use(5)).then({authenticator_verified});
}

TEST(AChallenge, GoesByAChannelOfItsType) {
  struct Row {
    AuthenticatorType type;
    bool by_sms, by_email, by_none;
  };
  for (const auto& row : {Row{sms, true, false, false}, Row{AuthenticatorType::email, false, true, false},
                          Row{virtual_, true, true, false}, Row{ocra, false, false, true}})
    for (const auto& [channel, carried] : {std::pair{Channel::sms, row.by_sms}, std::pair{Channel::email, row.by_email},
                                           std::pair{Channel::none, row.by_none}}) {
      SCOPED_TRACE(std::string(type_text(row.type)) + " by " + std::string(channel_text(channel)));
      auto story = given(an_authenticator("ada", "A", row.type) + std::vector<Step>{later(30'000)});
      story.when(issue("first", Role::gateway, channel));
      EXPECT_EQ(!story->last().refusal, carried);
    }
}

TEST(AChallenge, IsRefusedWithAReasonThatGatewaysDoNotLearn) {
  const auto refused = [](Scenario& story, Role role, RefusalCode code, Reason reason) {
    story.when(issue("x", role)).refused(code);
    EXPECT_EQ(story.refusal().reason, reason);
  };
  auto nobody = given({});
  refused(nobody, Role::gateway, RefusalCode::not_found, Reason::user_unknown);
  auto without = given({a_user("ada")});
  refused(without, Role::gateway, RefusalCode::not_found, Reason::no_authenticator);
  auto disabled = given(an_authenticator("ada", "A", sms) + std::vector<Step>{disable("ada")});
  refused(disabled, Role::gateway, RefusalCode::user_disabled, Reason::user_disabled);
  auto pending = given({a_user("ada"), enrol("ada", "A", sms)});
  refused(pending, Role::gateway, RefusalCode::state_conflict, Reason::authenticator_not_usable);
  pending.when(issue("x", Role::operator_)).then({challenge_issued});
  auto blocked = given(an_authenticator("ada", "A", sms) + std::vector<Step>(5, use_wrong_otp("ada", "A")) +
                       std::vector<Step>{later(30'000)});
  refused(blocked, Role::gateway, RefusalCode::too_many_attempts, Reason::blocked_after_failures);
  EXPECT_EQ(blocked.refusal().retry_at, blocked->the_user("ada").lockout.blocked_until);
}

TEST(ARefusal, IsCountedAlsoOnceItsUserIsGone) {
  for (const auto type : {challenge_refused, authenticator_verification_refused}) {
    auto story = given({a_user("ada"), disable("ada"), erase("ada")});
    story.when(system(RecordRefusals{type, Reason::user_disabled, 7, story->now, party(user("ada"))})).then({type});
  }
}

// --- How many --------------------------------------------------------------------------------------------------------

TEST(Messages, GoToAUserAtIntervalsAndSoManyAnHour) {
  auto story = given(an_authenticator("ada", "A", sms) +
                     std::vector<Step>{enrol("ada", "B", AuthenticatorType::email), later(3'600'000)});
  const auto to_b = [](const std::string& name) {
    return by(Role::operator_, a_challenge("ada", "B", name, Channel::email));
  };
  story.when(issue("0")).then({challenge_undelivered, challenge_issued});
  story->now += 29'999;
  story.when(to_b("1")).refused(RefusalCode::too_many_attempts);
  EXPECT_EQ(story.refusal().reason, Reason::too_many_challenges);
  EXPECT_EQ(story.refusal().retry_at, story->now + 1);
  story->now += 1;
  const auto begun = story->now - 30'000;
  for (int i = 1; i < 5; ++i) {
    story.when(to_b(std::to_string(i)));
    EXPECT_FALSE(story->last().refusal);
    story->now += 30'000;
  }
  story.when(issue("5")).refused(RefusalCode::too_many_attempts);
  EXPECT_EQ(story.refusal().retry_at, begun + 3'600'000);
  story->now = begun + 3'600'000;
  story.when(issue("5"));
  EXPECT_FALSE(story->last().refusal);
}

TEST(Messages, AreCountedUpToTheMost) {
  auto story = given(an_authenticator("ada", "A", sms));
  for (std::uint32_t i = 0; i < most_messages_an_hour + 3; ++i) story.when(ask("ada", "A", std::to_string(i)));
  EXPECT_EQ(story->the_user("ada").messages_at.size(), most_messages_an_hour);
  auto most = a_challenge("ada", "A", "x", Channel::sms);
  most.limits = {0, most_messages_an_hour};
  story.when(by(Role::gateway, most)).refused(RefusalCode::too_many_attempts);
}

// --- Once at most ----------------------------------------------------------------------------------------------------

std::vector<Step> a_queued_message() {
  return an_authenticator("ada", "A", sms) + std::vector<Step>{later(30'000), issue("C")};
}
Step begin() {
  return begin_delivery("ada", "A", "C");
}
Step end(Delivery outcome, Reason reason = Reason::none) {
  return end_delivery("ada", "A", "C", outcome, reason);
}

TEST(AMessage, IsSentByOneOfThoseWhoBegin) {
  auto story = given(a_queued_message());
  story.when(begin()).then({challenge_sending});
  story.when(begin()).then_nothing();
  story.when(end(Delivery::sent)).then({challenge_sent});
  story.when(begin()).then_nothing();
  story.when(end(Delivery::delivered)).then({challenge_delivered});
  story.when(end(Delivery::undelivered)).then_nothing();
}

TEST(AMessage, ThatNobodyHasYetIsBegunAgain) {
  auto story = given(a_queued_message());
  story.when(begin()).then({challenge_sending});
  story.when(end(Delivery::queued)).then({challenge_deferred});
  story.when(begin()).then({challenge_sending});
  EXPECT_EQ(challenge_of(story).attempts, 2);
}

TEST(AMessage, IsUndeliveredOnceItsTimeIsOver) {
  auto untried = given(a_queued_message() + std::vector<Step>{later(300'000)});
  untried.when(begin()).then({challenge_undelivered});
  EXPECT_EQ(reason_of(untried), Reason::challenge_expired);
  auto tried = given(a_queued_message() + std::vector<Step>{begin(), end(Delivery::queued), later(300'000)});
  tried.when(begin()).then({challenge_undelivered});
  EXPECT_EQ(reason_of(tried), Reason::delivery_exhausted);
}

TEST(AMessage, BecomesOnlyWhatCanFollow) {
  using enum Delivery;
  struct Row {
    std::vector<Step> past;
    std::set<Delivery> possible;
  };
  for (const auto& [past, possible] : {Row{{}, {delivered}}, Row{{begin()}, {queued, sent, delivered, undelivered}},
                                       Row{{begin(), end(sent)}, {delivered}}, Row{{begin(), end(delivered)}, {}},
                                       Row{{begin(), end(undelivered)}, {}}})
    for (const auto outcome : {queued, sent, delivered, undelivered}) {
      auto story = given(a_queued_message() + past);
      SCOPED_TRACE(std::string(delivery_text(challenge_of(story).delivery)) + " to " +
                   std::string(delivery_text(outcome)));
      story.when(end(outcome));
      EXPECT_EQ(story->last().types.size(), possible.contains(outcome) ? 1u : 0u);
      if (possible.contains(outcome)) {
        EXPECT_EQ(challenge_of(story).delivery, outcome);
      }
    }
}

TEST(AMessage, IsWhatItsCarrierReportsInTheEnd) {
  auto failed = given(a_queued_message() + std::vector<Step>{begin(), end(Delivery::sent)});
  failed.when(end(Delivery::undelivered, Reason::delivery_unknown)).then_nothing();  // looked before it was sent
  failed.when(end(Delivery::undelivered, Reason::delivery_failed)).then({challenge_undelivered});
  failed.when(end(Delivery::delivered)).then_nothing();
  auto unknown = given(a_queued_message() + std::vector<Step>{begin()});
  unknown.when(end(Delivery::undelivered, Reason::delivery_unknown)).then({challenge_undelivered});
  unknown.when(end(Delivery::delivered)).then({challenge_delivered});
}

TEST(AMessage, OfWhatIsRestoredIsNotSentAgain) {
  auto story = given(a_queued_message());
  story.when(system(BeginEpoch{{user("ada")}, true})).then({challenge_undelivered});
  EXPECT_EQ(reason_of(story), Reason::restored_log);
  story.when(begin()).then_nothing();
}

TEST(AMessage, OfAnAuthenticatorThatGoesIsUndelivered) {
  auto story = given(a_queued_message());
  story.when(change("A", AuthenticatorAction::remove, true)).then({challenge_undelivered, authenticator_deleted});
}

TEST(AMessage, OfAFormerChallengeIsOver) {
  auto story = given(a_queued_message() + std::vector<Step>{begin(), later(30'000)});
  story.when(issue("D")).then({challenge_undelivered, challenge_issued});
  EXPECT_EQ(reason_of(story), Reason::delivery_unknown);
  story.when(end(Delivery::sent)).then_nothing();
  EXPECT_EQ(challenge_of(story).delivery, Delivery::queued);
}

TEST(AMessage, MayBeAnsweredBeforeItIsKnownToHaveBeenSent) {
  auto story = given(a_queued_message() + std::vector<Step>{begin()});
  story.when(use(1)).then({authenticator_verified});
  EXPECT_TRUE(challenge_of(story).is_under_way());
  story.when(end(Delivery::sent)).then({challenge_sent});
}

TEST(AMessage, OfSomebodyWhoIsDisabledOrGoneIsNotSent) {
  auto disabled = given(a_queued_message() + std::vector<Step>{disable("ada")});
  disabled.when(begin()).then({challenge_undelivered});
  EXPECT_EQ(reason_of(disabled), Reason::user_disabled);
  auto erased = given(a_queued_message() + std::vector<Step>{disable("ada"), erase("ada")});
  erased.when(begin()).then_nothing();
  auto removed = given(a_queued_message() + std::vector<Step>{change("A", AuthenticatorAction::remove, true)});
  removed.when(begin()).then_nothing();
}

}  // namespace
}  // namespace countersign::domain
