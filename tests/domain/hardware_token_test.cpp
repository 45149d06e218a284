// Hardware tokens: what an import makes of its rows, and that a token's counter goes with it from user to user.

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;
using Status = HardwareTokenStatus;

std::vector<Step> an_assigned_token(const std::string& user_name, const std::string& name) {
  return {a_user(user_name), a_hardware_token(name), assign(name, user_name)};
}

TEST(AnImportOfTokens, TakesARowOnceAndLeavesAnEqualOneAlone) {
  auto story = given({});
  story.when(a_hardware_token("T", 7, 30)).then({hardware_token_imported});
  const auto token = story->the_hardware_token("T");
  EXPECT_EQ(token.status, Status::in_stock);
  EXPECT_EQ(token.next, 7u);
  EXPECT_EQ(token.settings.period, 30);
  EXPECT_EQ(token.operation, OperationId{uuid_of("import")});
  const auto again = story->run(import_of("T", 7, 30), story->as(Role::admin));
  EXPECT_EQ(again.result().unchanged, 1u);
  EXPECT_TRUE(again.events.empty());
}

TEST(AnImportOfTokens, RefusesARowWithOtherDataAndTakesTheOthers) {
  auto story = given({a_hardware_token("T")});
  auto import = import_of("T", 1);
  import.rows.push_back(import_of("U").rows.front());
  const auto decision = story->run(import, story->as(Role::admin));
  ASSERT_EQ(decision.result().refused.size(), 1u);
  EXPECT_EQ(decision.result().refused.front().refusal.code, RefusalCode::serial_number_taken);
  EXPECT_EQ(decision.result().created, 1u);
  EXPECT_EQ(story->the_hardware_token("T").settings.counter, 0u);
}

TEST(AnImportOfTokens, SeesItsOwnRows) {
  auto story = given({});
  auto import = import_of("T");
  auto equal = import.rows.front(), other = import_of("T", 9).rows.front();
  equal.id = hardware_token("equal");
  other.id = hardware_token("other");
  import.rows.insert(import.rows.end(), {equal, other});
  const auto decision = story->run(import, story->as(Role::admin));
  const auto& result = decision.result();
  EXPECT_EQ(result.created, 1u);
  EXPECT_EQ(result.unchanged, 1u);
  EXPECT_EQ(result.refused.size(), 1u);
}

TEST(AnImportOfTokens, RefusesAKnownRowThatIsGone) {
  auto story = given({});
  auto import = import_of("T");
  import.rows.front().id = {};
  const auto decision = story->run(import, story->as(Role::admin));
  ASSERT_EQ(decision.result().refused.size(), 1u);
  EXPECT_EQ(decision.result().refused.front().refusal.code, RefusalCode::state_conflict);
}

TEST(AHardwareToken, IsPendingUntilItsFirstPasswordUnlessAnAdministratorSaysOtherwise) {
  auto story = given({a_user("ada"), a_hardware_token("T", 5), a_hardware_token("U")});
  story.when(by(Role::operator_, AssignHardwareToken{hardware_token("T"), user("ada"), {}, {}, true, false}))
      .refused(RefusalCode::role_insufficient);
  story.when(assign("T", "ada", false)).then({hardware_token_assigned, authenticator_enrolled});
  EXPECT_EQ(story->the_authenticator("ada", "T").status, AuthenticatorStatus::pending);
  story.when(use_otp("ada", "T", 6, OtpFlow::confirm)).then({authenticator_confirmed});
  EXPECT_EQ(story->the_authenticator("ada", "T").next, 7u);
  story.when(assign("U", "ada")).then({hardware_token_assigned, authenticator_enrolled, authenticator_activated});
  EXPECT_EQ(story->the_authenticator("ada", "U").status, AuthenticatorStatus::active);
  EXPECT_EQ(story->the_hardware_token("U").user, user("ada"));
}

TEST(AHardwareToken, IsOneUsersAtATime) {
  auto story = given(an_assigned_token("ada", "T") + std::vector{a_user("bob")});
  story.when(assign("T", "ada")).then_nothing();
  story.when(assign("T", "bob")).refused(RefusalCode::state_conflict);
  story.when(delete_token("T")).refused(RefusalCode::state_conflict);
}

TEST(AHardwareToken, TakesItsCounterAlongFromUserToUser) {
  auto story = given(an_assigned_token("ada", "T") + std::vector{a_user("bob")});
  story.when(use_otp("ada", "T", 4)).then({authenticator_verified});
  story.when(unassign("T")).then({authenticator_deleted, hardware_token_unassigned});
  EXPECT_EQ(story->the_hardware_token("T").status, Status::in_stock);
  EXPECT_EQ(story->the_hardware_token("T").next, 5u);
  EXPECT_FALSE(story->the_hardware_token("T").user);
  story.when(unassign("T")).then_nothing();
  story.when(assign("T", "bob")).then({hardware_token_assigned, authenticator_enrolled, authenticator_activated});
  story.when(use_otp("bob", "T", 4)).then({authenticator_verification_failed});
  EXPECT_EQ(story->last().reasons.front(), Reason::otp_replayed);
  story.when(use_otp("bob", "T", 5)).then({authenticator_verified});
}

TEST(AHardwareToken, TakesTheDriftOfItsClockAlong) {
  auto story = given(std::vector{a_user("ada"), a_hardware_token("T", 0, 30), assign("T", "ada")});
  const auto used = story->the_authenticator("ada", "T");
  const UseOtp use{user("ada"), OtpFlow::reset, used.id, {{used.id, used.version, true, 9, -40}}};
  story.when(by(Role::operator_, use)).then({authenticator_reset});
  story.when(unassign("T")).then({authenticator_deleted, hardware_token_unassigned});
  story.when(assign("T", "ada")).then({hardware_token_assigned, authenticator_enrolled, authenticator_activated});
  EXPECT_EQ(story->the_authenticator("ada", "T").drift, -40);
}

TEST(AHardwareToken, IsInStockAgainHoweverItsAuthenticatorGoes) {
  const auto erased = std::vector{disable("ada"), erase("ada")};
  const auto replaced = std::vector{testing::replace("ada", "T", "new"), use_otp("ada", "new", 0, OtpFlow::confirm)};
  const auto deleted = std::vector{change("T", AuthenticatorAction::remove, true)};
  for (const auto& steps : {erased, replaced, deleted}) {
    auto story = given(an_assigned_token("ada", "T") + std::vector{use_otp("ada", "T", 2)} + steps);
    EXPECT_EQ(story->the_hardware_token("T").status, Status::in_stock);
    EXPECT_EQ(story->the_hardware_token("T").next, 3u);
  }
}

TEST(AHardwareToken, LastActiveOneStaysUnlessForced) {
  auto story = given(an_assigned_token("ada", "T"));
  story.when(admin(UnassignHardwareToken{hardware_token("T"), false})).refused(RefusalCode::last_authenticator);
  story.when(by(Role::operator_, UnassignHardwareToken{hardware_token("T"), true}))
      .refused(RefusalCode::role_insufficient);
}

TEST(AHardwareToken, ThatIsLostIsTakenFromItsUserAndNotGivenToAnother) {
  auto story = given(an_assigned_token("ada", "T") + std::vector{a_user("bob")});
  story.when(by(Role::operator_, RetireHardwareToken{hardware_token("T")}))
      .then({authenticator_deleted, hardware_token_unassigned, hardware_token_retired});
  EXPECT_EQ(story->the_hardware_token("T").reason, Reason::hardware_token_lost);
  story.when(retire_token("T")).then_nothing();
  story.when(assign("T", "bob")).refused(RefusalCode::state_conflict);
  story.when(unassign("T")).refused(RefusalCode::state_conflict);
  story.when(delete_token("T")).then({hardware_token_deleted});
  story.when(a_hardware_token("T", 3)).then({hardware_token_imported});
}

TEST(AHardwareToken, ThatWasCompromisedIsRetiredWhenItGoes) {
  auto story = given(an_assigned_token("ada", "T") + std::vector{change("T", AuthenticatorAction::report_compromised)});
  story.when(unassign("T")).then({authenticator_deleted, hardware_token_unassigned, hardware_token_retired});
  EXPECT_EQ(story->the_hardware_token("T").status, Status::retired);
}

TEST(AHardwareToken, ThatHasExpiredIsNotAssigned) {
  auto import = import_of("T");
  auto story = given({a_user("ada")});
  import.rows.front().settings.expires_at = story->now + 1'000;
  story.when(admin(import)).then({hardware_token_imported});
  story.when(later(1'000)).when(assign("T", "ada")).refused(RefusalCode::state_conflict);
}

TEST(AHardwareToken, IsBoundByWhatThePolicyAllows) {
  const auto one = a_policy([](Provisioning& policy) {
    policy.max_authenticators = {{"hardware", 1}};
    policy.mfa_exempt_authenticators = {"hardware"};
  });
  auto story = given(std::vector{one} + an_assigned_token("ada", "T") + std::vector{a_hardware_token("U")});
  EXPECT_FALSE(story->the_user("ada").has_mfa());
  story.when(assign("U", "ada")).refused(RefusalCode::too_many_authenticators);
}

}  // namespace
}  // namespace countersign::domain
