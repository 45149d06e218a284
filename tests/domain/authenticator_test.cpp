// The authenticator's whole life: what each type allows in each state, one-time passwords that are used once, and what
// failures cost.

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum AuthenticatorAction;
constexpr auto totp = AuthenticatorType::totp, hotp = AuthenticatorType::hotp,
               recovery_codes = AuthenticatorType::recovery_codes, sms = AuthenticatorType::sms,
               email = AuthenticatorType::email, virtual_ = AuthenticatorType::virtual_, ocra = AuthenticatorType::ocra,
               hardware = AuthenticatorType::hardware;
using enum EventType;
using Status = AuthenticatorStatus;

/// A challenge whose message, if it has one, is over.
std::vector<Step> asked(const std::string& name) {
  return {ask("ada", "A", name), begin_delivery("ada", "A", name),
          end_delivery("ada", "A", name, Delivery::undelivered)};
}

/// An authenticator "A" of "ada" in this state, beside an active one, "other".
std::vector<Step> in_state(Status status, AuthenticatorType type) {
  auto past = an_authenticator("ada", "other");
  if (type == hardware)
    past = past + std::vector{a_hardware_token("A"), assign("A", "ada", false)};
  else
    past.push_back(enrol("ada", "A", type));
  if (answers_challenges(type)) past = past + asked("first");
  if (status == Status::pending) return past;
  if (type != recovery_codes) past.push_back(use_otp("ada", "A", 0, OtpFlow::confirm));
  switch (status) {
    case Status::disabled: past.push_back(change("A", disable)); break;
    case Status::obsolete: past.push_back(change("A", retire)); break;
    case Status::compromised: past.push_back(change("A", report_compromised)); break;
    case Status::expired:
      past.push_back([](Ledger& ledger) {
        const auto a = ledger.the_authenticator("ada", "A");
        return ledger.happens(EditAuthenticator{a.id, {}, a.content, ledger.now + 1'000, a.version},
                              ledger.as(Role::admin));
      });
      past.push_back(later(1'000));
      break;
    default: break;
  }
  if (status == Status::active && answers_challenges(type)) past = past + asked("second");
  return past;
}

/// With a counter that may be used, where there is one.
Step use_next(OtpFlow flow) {
  return [flow](Ledger& ledger) {
    const auto a = ledger.the_authenticator("ada", "A");
    return use_otp("ada", "A", is_by_message(a.type) ? a.challenge.counter : 9, flow)(ledger);
  };
}

Step does(AuthenticatorAction action) {
  switch (action) {
    case confirm: return use_next(OtpFlow::confirm);
    case verify: return use_next(OtpFlow::verify);
    case test: return use_next(OtpFlow::test);
    case AuthenticatorAction::challenge: return ask("ada", "A", "another");
    case AuthenticatorAction::reset: return use_otp("ada", "A", 9, OtpFlow::reset);
    case edit:
      return [](Ledger& ledger) {
        const auto a = ledger.the_authenticator("ada", "A");
        return ledger.happens(EditAuthenticator{a.id, {}, digest_of("edited"), a.expires_at, a.version},
                              ledger.as(Role::operator_));
      };
    case AuthenticatorAction::replace: return testing::replace("ada", "A", "B");
    case expire: return system(SweepExpired{{{user("ada"), party(authenticator("A"))}}});
    default: return change("A", action);
  }
}

constexpr AuthenticatorAction all_actions[] = {confirm,
                                               verify,
                                               test,
                                               AuthenticatorAction::reset,
                                               edit,
                                               disable,
                                               enable,
                                               retire,
                                               report_compromised,
                                               AuthenticatorAction::replace,
                                               remove,
                                               AuthenticatorAction::challenge};
constexpr Status all_states[] = {Status::pending, Status::active,   Status::disabled,
                                 Status::expired, Status::obsolete, Status::compromised};

/// Rows: state. Columns: as all_actions. x allowed, . refused, = is so already.
struct Line {
  Status state;
  const char* totp;
  const char* hotp;
  const char* recovery_codes;
  const char* challenged;
  const char* of(AuthenticatorType type) const {
    switch (type) {
      case AuthenticatorType::totp: return totp;
      case AuthenticatorType::hardware:  // whichever way it goes
      case AuthenticatorType::hotp: return hotp;
      case AuthenticatorType::recovery_codes: return recovery_codes;
      default: return challenged;
    }
  }
};
constexpr Line expected[] = {
    //                cvtredERC/x?
    {Status::pending, "x...x...x.x.", "x...x...x.x.", nullptr, "x...x...x.xx"},  // recovery codes are active at once
    {Status::active, ".xx.xx=xxxx.", ".xxxxx=xxxx.", ".xx.xx=xxxx.", ".xx.xx=xxxxx"},
    {Status::disabled, "....x=xxxxx.", "....x=xxxxx.", "....x=xxxxx.", "....x=xxxxx."},
    {Status::expired, ".......xxxx.", ".......xxxx.", ".......xxxx.", ".......xxxx."},
    {Status::obsolete, ".......=xxx.", ".......=xxx.", ".......=xxx.", ".......=xxx."},
    {Status::compromised, "........=xx.", "........=xx.", "........=xx.", "........=xx."},
};

/// With those that say what becomes of a hardware token.
std::size_t events_of(AuthenticatorAction action, AuthenticatorType type, Status status) {
  if (action != remove || type != hardware) return 1;
  return status == Status::compromised ? 3 : 2;
}

class EachStateOfEachType : public ::testing::TestWithParam<std::tuple<Line, AuthenticatorType>> {};

TEST_P(EachStateOfEachType, AllowsWhatTheTableSays) {
  const auto& [line, type] = GetParam();
  if (!line.of(type)) GTEST_SKIP() << "there is no such state";
  const std::string_view cells = line.of(type);
  ASSERT_EQ(cells.size(), std::size(all_actions));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    SCOPED_TRACE(std::string(status_text(line.state)) + " " + std::string(action_text(all_actions[i])));
    auto story = given(in_state(line.state, type));
    const auto before = story->the_authenticator("ada", "A");
    EXPECT_EQ(effective_status(before, story->now), line.state);
    const bool listed = std::ranges::count(allowed_actions(type, line.state), all_actions[i]) == 1;
    const bool by_operator = all_actions[i] != verify;
    EXPECT_EQ(listed, cells[i] == 'x' && by_operator);
    const auto happened = does(all_actions[i])(*story.operator->());
    const auto user_after = story->the_user("ada");
    const auto* after = user_after.authenticator(authenticator("A"));
    if (cells[i] == 'x') {
      EXPECT_FALSE(happened.refusal) << happened.refusal->detail;
      ASSERT_EQ(happened.types.size(), events_of(all_actions[i], type, line.state));
      EXPECT_EQ(happened.types.front() == authenticator_verification_failed, false);
    } else if (cells[i] == '=') {
      EXPECT_FALSE(happened.refusal);
      EXPECT_EQ(happened.types.size(), 0u);
    } else {
      ASSERT_NE(after, nullptr);
      EXPECT_EQ(after->status, before.status);
      EXPECT_EQ(after->next, before.next);
      const bool failed = happened.types == std::vector{authenticator_verification_failed};
      EXPECT_TRUE(failed || (happened.refusal && happened.refusal->code == RefusalCode::state_conflict));
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Of, EachStateOfEachType,
                         ::testing::Combine(::testing::ValuesIn(expected),
                                            ::testing::Values(totp, hotp, recovery_codes, sms, email, virtual_, ocra,
                                                              hardware)));

TEST(AnAuthenticator, NamesWhatItAllowsWhenItRefuses) {
  auto story = given(in_state(Status::compromised, hotp));
  story.when(change("A", enable)).refused(RefusalCode::state_conflict);
  EXPECT_NE(story.refusal().detail.find("Allowed: replace, delete."), std::string::npos) << story.refusal().detail;
}

TEST(AnAuthenticator, TakesEachCounterOnceAndNoneBeforeIt) {
  auto story = given(an_authenticator("ada", "A"));
  story.when(use_otp("ada", "A", 5)).then({authenticator_verified});
  for (const std::uint64_t used : {5, 4, 0}) {
    story.when(use_otp("ada", "A", used)).then({authenticator_verification_failed});
    EXPECT_EQ(story->last().reasons.front(), Reason::otp_replayed);
  }
  story.when(use_otp("ada", "A", 6, OtpFlow::test)).then({authenticator_verified});
  EXPECT_EQ(story->the_authenticator("ada", "A").next, 7u);
  EXPECT_EQ(story->the_authenticator("ada", "A").used_at, story->now);
}

TEST(AnAuthenticator, IsComparedAgainWhenItHasChangedMeanwhile) {
  auto story = given(an_authenticator("ada", "A"));
  const auto before = story->the_authenticator("ada", "A");
  story.when(change("A", disable, true)).then({authenticator_disabled});
  const UseOtp late{user("ada"), OtpFlow::verify, {}, {{before.id, before.version, true, 5, 0}}};
  const auto decision = story->run(late, story->as(Role::gateway));
  EXPECT_TRUE(decision.result().stale);
  EXPECT_TRUE(decision.events.empty());
}

TEST(AnAuthenticator, OneThatCouldBeUsedAndWasNotComparedIsComparedFirst) {
  auto story = given(an_authenticator("ada", "A") + std::vector<Step>{enrol("ada", "B")});
  const auto a = story->the_authenticator("ada", "A");
  story.when(use_otp("ada", "B", 0, OtpFlow::confirm)).then({authenticator_confirmed});
  const UseOtp without_b{user("ada"), OtpFlow::verify, {}, {{a.id, a.version}}};
  const auto decision = story->run(without_b, story->as(Role::gateway));
  EXPECT_TRUE(decision.result().stale);
  EXPECT_TRUE(decision.events.empty());
}

TEST(AnAuthenticator, OnlyAnAdministratorForces) {
  const ChangeAuthenticator command{authenticator("A"), disable, true};
  auto story = given(an_authenticator("ada", "A"));
  story.when(by(Role::operator_, command)).refused(RefusalCode::role_insufficient);
  story.when(by(Role::admin, command)).then({authenticator_disabled});
  const EnrolAuthenticator forced{user("ada"), authenticator("B"), authenticator_settings("B"), {}, true};
  story.when(by(Role::operator_, forced)).refused(RefusalCode::role_insufficient);
}

TEST(AnAuthenticator, LastActiveOneStaysUnlessForced) {
  for (const auto action : {disable, retire, remove}) {
    auto story = given(an_authenticator("ada", "A"));
    story.when(change("A", action)).refused(RefusalCode::last_authenticator);
    story.when(change("A", action, true));
    EXPECT_EQ(story->last().types.size(), 1u);
  }
  given(an_authenticator("ada", "A")).when(change("A", report_compromised)).then({authenticator_compromised});
}

TEST(AnAuthenticator, OneThatReplacesTakesTheOthersPlaceWhenItIsConfirmed) {
  auto story = given(an_authenticator("ada", "A"));
  story.when(testing::replace("ada", "A", "B")).then({authenticator_enrolled});
  EXPECT_EQ(story->the_authenticator("ada", "A").status, Status::active);
  story.when(use_otp("ada", "B", 0, OtpFlow::confirm)).then({authenticator_confirmed, authenticator_deleted});
  EXPECT_EQ(story->the_user("ada").authenticator(authenticator("A")), nullptr);
  EXPECT_FALSE(story->state().locate_authenticator(story->account, authenticator("A")));
}

TEST(AnAuthenticator, ActiveOneMakesItsUserMfaConfigured) {
  auto story = given({a_user("ada"), enrol("ada", "A")});
  EXPECT_EQ(story->the_account().mfa_users, 0u);
  story.when(use_otp("ada", "A", 0, OtpFlow::confirm)).then({authenticator_confirmed});
  EXPECT_EQ(story->the_account().mfa_users, 1u);
  story.when(a_code("ada", "code")).refused(RefusalCode::mfa_configured);
  story.when(change("A", disable, true)).then({authenticator_disabled});
  EXPECT_EQ(story->the_account().mfa_users, 0u);
  story.when(a_code("ada", "code")).then({registration_code_generated});
}

TEST(AnAuthenticator, OneThatHasExpiredNoLongerDoesThoughNoSweepHasSaidSo) {
  auto story = given({a_user("ada")});
  story.when([](Ledger& ledger) {
    auto settings = authenticator_settings("A");
    settings.expires_at = ledger.now + 1'000;
    return ledger.happens(EnrolAuthenticator{user("ada"), authenticator("A"), settings, {}, false},
                          ledger.as(Role::admin));
  });
  story.when(use_otp("ada", "A", 0, OtpFlow::confirm)).then({authenticator_confirmed});
  story.when(a_code("ada", "code")).refused(RefusalCode::mfa_configured);
  story.when(later(1'000));
  story.when(a_code("ada", "code")).then({registration_code_generated});
}

TEST(AnAuthenticator, OfAnExemptTypeDoesNot) {
  const auto exempt = a_policy([](Provisioning& policy) { policy.mfa_exempt_authenticators = {"hotp"}; });
  auto story = given({exempt, a_user("ada"), enrol("ada", "A"), use_otp("ada", "A", 0, OtpFlow::confirm)});
  EXPECT_EQ(story->the_account().mfa_users, 0u);
  story.when(a_code("ada", "code")).then({registration_code_generated});
}

TEST(AnAuthenticator, ForSomebodyWithCodesAtLargeNeedsForce) {
  EnrolAuthenticator command{user("ada"), authenticator("A"), authenticator_settings("A"), {}, false};
  given({a_user("ada"), a_code("ada", "X")}).when(admin(command)).refused(RefusalCode::codes_at_large);
  given(a_device("ada", "phone")).when(admin(command)).refused(RefusalCode::codes_at_large);
  given(a_device("ada", "phone") + std::vector<Step>{revoke("phone")})
      .when(admin(command))
      .then({authenticator_enrolled});
  command.force = true;
  given({a_user("ada"), a_code("ada", "X")}).when(admin(command)).then({authenticator_enrolled});
}

TEST(AnAuthenticator, MoreThanThePolicyAllowsAreRefused) {
  const auto two = a_policy([](Provisioning& policy) { policy.max_authenticators = {{"hotp", 2}}; });
  auto story = given({two, a_user("ada"), enrol("ada", "A"), enrol("ada", "B")});
  story.when(enrol("ada", "C")).refused(RefusalCode::too_many_authenticators);
  story.when(enrol("ada", "C", totp)).then({authenticator_enrolled});
  story.when(change("A", remove)).then({authenticator_deleted});
  story.when(enrol("ada", "D")).then({authenticator_enrolled});
}

TEST(AnAuthenticator, MoreThanThePolicyAllowsOfAllTypesAreRefused) {
  const auto two = a_policy([](Provisioning& policy) { policy.max_authenticators = {{"any", 2}}; });
  auto story = given({two, a_user("ada"), enrol("ada", "A"), enrol("ada", "B", totp)});
  story.when(enrol("ada", "C")).refused(RefusalCode::too_many_authenticators);
  story.when(change("A", remove)).then({authenticator_deleted});
  story.when(enrol("ada", "D", totp)).then({authenticator_enrolled});
}

TEST(AnAuthenticator, OfATypeThatThePolicyDoesntAllowIsRefused) {
  const auto only = a_policy([](Provisioning& policy) { policy.allowed_authenticators = {"totp"}; });
  auto story = given({a_user("ada"), enrol("ada", "A"), only});
  story.when(enrol("ada", "B")).refused(RefusalCode::authenticator_type_not_allowed);
  story.when(enrol("ada", "C", totp)).then({authenticator_enrolled});
}

TEST(AnAuthenticator, NoneBeyondTheMostIsEnrolled) {
  std::vector<Step> past{a_user("ada")};
  for (std::size_t i = 0; i < most_authenticators; ++i) past.push_back(enrol("ada", std::to_string(i)));
  given(past).when(enrol("ada", "one more")).refused(RefusalCode::too_many_authenticators);
}

TEST(AnAuthenticator, IsDisabledWhenAnOlderLogIsRestored) {
  auto story = given(an_authenticator("ada", "A") + std::vector<Step>{enrol("ada", "B")});
  story.when(system(BeginEpoch{{user("ada")}, true})).then_nothing();
  story.when(system(BeginEpoch{{user("ada")}, false})).then({authenticator_disabled});
  EXPECT_EQ(story->the_authenticator("ada", "A").reason, Reason::restored_log);
}

// --- Failures --------------------------------------------------------------------------------------------------------

TEST(RecoveryCodes, AreActiveAtOnceAndUsedOnceInAnyOrder) {
  auto story = given({a_user("ada"), enrol("ada", "card", recovery_codes)});
  EXPECT_EQ(story->the_authenticator("ada", "card").status, Status::active);
  EXPECT_EQ(story->the_account().mfa_users, 1u);
  for (const std::uint64_t code : {7, 0, 9}) {
    story.when(use_otp("ada", "card", code)).then({authenticator_verified});
    story.when(use_otp("ada", "card", code)).then({authenticator_verification_failed});
    EXPECT_EQ(story->last().reasons.front(), Reason::otp_replayed);
  }
  EXPECT_EQ(story->the_authenticator("ada", "card").codes_left(), 7u);
  story.when(use_otp("ada", "card", 10)).then({authenticator_verification_failed});
}

TEST(RecoveryCodes, ExpireWithTheLastOne) {
  auto story = given({a_user("ada"), enrol("ada", "card", recovery_codes)});
  for (std::uint64_t code = 9; code > 0; --code)
    story.when(use_otp("ada", "card", code)).then({authenticator_verified});
  story.when(use_otp("ada", "card", 0)).then({authenticator_verified, authenticator_expired});
  const auto card = story->the_authenticator("ada", "card");
  EXPECT_EQ(card.status, Status::expired);
  EXPECT_EQ(card.reason, Reason::used_up);
  EXPECT_EQ(card.codes_left(), 0u);
  EXPECT_EQ(story->the_account().mfa_users, 0u);
  story.when(change("card", enable)).refused(RefusalCode::state_conflict);
}

TEST(RecoveryCodes, TakeTheFormerOnesPlaceWhenTheyAreEnrolled) {
  auto story = given({a_user("ada"), enrol("ada", "card", recovery_codes)});
  const EnrolAuthenticator another{user("ada"), authenticator("new card"),
                                   authenticator_settings("new card", recovery_codes), authenticator("card"), false};
  story.when(admin(another)).then({authenticator_enrolled, authenticator_deleted});
  EXPECT_EQ(story->the_user("ada").authenticator(authenticator("card")), nullptr);
  EXPECT_EQ(story->the_account().mfa_users, 1u);
}

TEST(FailuresInARow, BlockForTwiceAsLongEachTimeAndAnHourAtMost) {
  auto story = given(an_authenticator("ada", "A"));
  const auto minutes_after = [](std::uint32_t failures) -> UnixMs {
    if (failures < 5) return 0;
    return std::min<UnixMs>(60, UnixMs{1} << std::min(failures - 5, 6u));
  };
  for (std::uint32_t failures = 1; failures < 100; ++failures) {
    story.when(use_wrong_otp("ada", "A")).then({authenticator_verification_failed});
    const auto lockout = story->the_user("ada").lockout;
    EXPECT_EQ(lockout.failures, failures);
    const auto blocked_ms = minutes_after(failures) * 60'000;
    EXPECT_EQ(lockout.blocked_until, blocked_ms == 0 ? 0 : story->now + blocked_ms) << failures;
    if (blocked_ms == 0) continue;
    story->now += blocked_ms - 1;
    story.when(use_otp("ada", "A", 500)).then_nothing();  // the right one, too, and nothing is counted
    story->now += 1;
  }
  story.when(use_wrong_otp("ada", "A")).then({authenticator_verification_failed, authenticator_locked});
  story->now += 1'000 * day_ms;
  story.when(use_otp("ada", "A", 500)).then_nothing();
  story.when(admin(UnlockUser{user("ada")})).then({authenticator_unlocked});
  story.when(use_otp("ada", "A", 500)).then({authenticator_verified});
  story.when(admin(UnlockUser{user("ada")})).then_nothing();
}

TEST(FailuresInARow, OfAGuesserWhoNeverRestsAreAHundredInThreeAndThreeQuarterDays) {
  auto story = given(an_authenticator("ada", "A"));
  const auto begun = story->now;
  unsigned guesses = 0, in_the_first_hour = 0, on_the_first_day = 0;
  while (!story->the_user("ada").lockout.locked()) {
    story->now = std::max(story->now, story->the_user("ada").lockout.blocked_until);
    story.when(use_wrong_otp("ada", "A"));
    ++guesses;
    in_the_first_hour += story->now - begun < hour_ms;
    on_the_first_day += story->now - begun < day_ms;
  }
  EXPECT_EQ(guesses, 100u);
  EXPECT_EQ(in_the_first_hour, 10u);  // 5, and after 1, 3, 7, 15 and 31 minutes
  EXPECT_EQ(on_the_first_day, 33u);   // and after 63 minutes and each hour after that
  EXPECT_EQ(story->now - begun, (63 + 89 * 60) * 60'000);
}

TEST(FailuresInARow, CountOverAllAuthenticatorsAndFlowsUntilOneSucceeds) {
  auto story = given(an_authenticator("ada", "A") + std::vector<Step>{enrol("ada", "B")});
  story.when(use_wrong_otp("ada", "A", OtpFlow::verify));
  story.when(use_wrong_otp("ada", "A", OtpFlow::test));
  story.when(use_wrong_otp("ada", "B", OtpFlow::confirm));
  story.when(use_wrong_otp("ada", "A", OtpFlow::reset));
  EXPECT_EQ(story->the_user("ada").lockout.failures, 4u);
  story.when(use_otp("ada", "B", 0, OtpFlow::confirm)).then({authenticator_confirmed});
  EXPECT_EQ(story->the_user("ada").lockout, Lockout{});
}

TEST(FailuresInARow, OfNobodyAndOfADisabledUserAreNotCounted) {
  auto story = given(an_authenticator("ada", "A") + std::vector<Step>{testing::disable("ada")});
  story.when(use_otp("ada", "A", 5)).then_nothing();
  story.when(by(Role::gateway, UseOtp{user("nobody"), OtpFlow::verify, {}, {}})).then_nothing();
  auto without = given({a_user("bob")});
  without.when(by(Role::gateway, UseOtp{user("bob"), OtpFlow::verify, {}, {}}))
      .then({authenticator_verification_failed});
}

}  // namespace
}  // namespace countersign::domain
