// Licences and the registration of devices that have no network: what each step allows, and that no activation of a
// licence is lost or used twice.

#include "domain/device_registration.h"

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;
using Status = AuthenticatorStatus;
constexpr auto most_tries = most_registration_failures;

std::vector<Step> ada_and(std::vector<Step> more) {
  return std::vector<Step>{a_user("ada"), a_licence("L", 2)} + more;
}

Step change_licence(const std::string& name, LicenceTerms terms) {
  return [=](Ledger& ledger) {
    return ledger.happens(ChangeLicence{licence(name), terms, ledger.the_licence(name).version},
                          ledger.as(Role::admin));
  };
}

// --- The ceremony ----------------------------------------------------------------------------------------------------

TEST(ARegistration, BringsAnActiveAuthenticatorInThreeSteps) {
  auto story = given(ada_and({}));
  story.when(register_device("ada", "A", "L")).then({licence_activation_reserved, authenticator_enrolled});
  EXPECT_EQ(story->the_authenticator("ada", "A").status, Status::registering);
  EXPECT_EQ(story->the_authenticator("ada", "A").registration.expires_at, story->now + registration_lifetime);
  story.when(add_device("A")).then({authenticator_device_added});
  story.when(sign("A")).then({authenticator_activated});
  const auto a = story->the_authenticator("ada", "A");
  EXPECT_EQ(a.status, Status::active);
  EXPECT_EQ(a.instance, 1u);
  EXPECT_EQ(a.ends_at(), 0);
  EXPECT_EQ(instance_serial(story->the_licence("L"), a.instance), "L-1");
  EXPECT_EQ(story->the_licence("L").used, 1u);
  EXPECT_TRUE(story->the_user("ada").has_mfa());
  story.when(use_otp("ada", "A", 0)).then({authenticator_verified});
}

TEST(ARegistration, IsTheOnlyOneOfItsUser) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  story.when(register_device("ada", "B", "L")).refused(RefusalCode::state_conflict);
  story.when(later(registration_lifetime));
  story.when(register_device("ada", "B", "L"))
      .then({authenticator_deleted, licence_activation_released, licence_activation_reserved, authenticator_enrolled});
  EXPECT_EQ(story->the_licence("L").used, 1u);
  EXPECT_EQ(story->the_authenticator("ada", "B").instance, 2u) << "an instance's number isn't used again";
}

TEST(ARegistration, OfAFullLicenceMayTakeThePlaceOfTheUsersLapsedOne) {
  auto story = given({a_user("ada"), a_licence("L", 1), register_device("ada", "A", "L")});
  story.when(later(registration_lifetime));
  story.when(register_device("ada", "B", "L"))
      .then({authenticator_deleted, licence_activation_released, licence_activation_reserved, authenticator_enrolled});
}

TEST(ARegistration, LapsesAndGivesBackWhatItTook) {
  auto story = given(ada_and({register_device("ada", "A", "L"), add_device("A"), later(registration_lifetime)}));
  story.when(sign("A")).refused(RefusalCode::state_conflict);
  story.when(system(SweepExpired{{{user("ada"), party(authenticator("A"))}}}))
      .then({authenticator_deleted, licence_activation_released});
  EXPECT_EQ(story->last().reasons.front(), Reason::expired);
  EXPECT_EQ(story->the_licence("L").free(), 2u);
  EXPECT_EQ(story->the_licence("L").given_back, 0u) << "its device was never activated";
  story.when(sign("A")).refused(RefusalCode::not_found);
}

TEST(ARegistration, IsDeletedWithoutForce) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  story.when(change("A", AuthenticatorAction::remove)).then({authenticator_deleted, licence_activation_released});
  EXPECT_EQ(story->the_licence("L").free(), 2u);
}

TEST(ARegistration, IsCancelledOnlyUntilItsDeviceIsActivated) {
  const auto cancel = by(Role::operator_, CancelRegistration{authenticator("A")});
  given(ada_and({register_device("ada", "A", "L"), disable("ada")}))
      .when(cancel)
      .then({authenticator_deleted, licence_activation_released});
  auto story = given(ada_and(a_registered_device("ada", "A", "L")));
  story.when(cancel).refused(RefusalCode::state_conflict);
  given(ada_and({})).when(cancel).refused(RefusalCode::not_found);
}

TEST(ARegistration, AllowsNothingElseOfAnAuthenticatorsLife) {
  using enum AuthenticatorAction;
  for (const auto action : {disable, enable, retire, report_compromised}) {
    auto story = given(ada_and({register_device("ada", "A", "L")}));
    story.when(change("A", action, true)).refused(RefusalCode::state_conflict);
    EXPECT_NE(story.refusal().detail.find("Allowed: edit, delete."), std::string::npos) << story.refusal().detail;
  }
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  for (const auto flow : {OtpFlow::confirm, OtpFlow::test})
    story.when(use_otp("ada", "A", 0, flow)).refused(RefusalCode::state_conflict);
  story.when(testing::replace("ada", "A", "B")).refused(RefusalCode::state_conflict);
}

TEST(ARegistration, TakesOneDevice) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  story.when(sign("A")).refused(RefusalCode::state_conflict);
  story.when(add_device("A", "hers")).then({authenticator_device_added});
  story.when(add_device("A", "hers")).then_nothing();
  story.when(add_device("A", "another")).refused(RefusalCode::state_conflict);
  story.when(sign("A", "another")).then({authenticator_registration_failed});
  EXPECT_EQ(story->last().reasons.front(), Reason::device_code_wrong);
  story.when(sign("A", "hers")).then({authenticator_activated});
  for (const auto& late : {sign("A", "hers"), add_device("A", "hers")})
    story.when(late).refused(RefusalCode::state_conflict);
}

TEST(ARegistration, EndsAfterTooManyTriesOfAStep) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  for (std::uint32_t i = 1; i < most_tries; ++i)
    story.when(add_device("A", "guessed", false)).then({authenticator_registration_failed});
  story.when(add_device("A")).then({authenticator_device_added});
  EXPECT_EQ(story->the_authenticator("ada", "A").registration.failures, 0u) << "each step has its own";
  for (std::uint32_t i = 1; i < most_tries; ++i)
    story.when(sign("A", "device", false)).then({authenticator_registration_failed});
  story.when(sign("A", "device", false))
      .then({authenticator_registration_failed, authenticator_deleted, licence_activation_released});
  EXPECT_EQ(story->last().reasons,
            (std::vector{Reason::signature_wrong, Reason::too_many_attempts, Reason::too_many_attempts}));
  story.when(sign("A")).refused(RefusalCode::not_found);
}

TEST(ARegistration, GoesNoFurtherWhileItsUserIsDisabled) {
  auto story = given(ada_and({register_device("ada", "A", "L"), disable("ada")}));
  story.when(add_device("A")).refused(RefusalCode::user_disabled);
  story.when(enable("ada"));
  story.when(add_device("A")).then({authenticator_device_added});
}

TEST(ARegistration, IsOverWhenAnOlderLogIsRestored) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  story.when(system(BeginEpoch{{user("ada")}, false})).then({authenticator_deleted, licence_activation_released});
  EXPECT_EQ(story->last().reasons.front(), Reason::restored_log);
}

TEST(ARegistration, ForSomebodyWithCodesAtLargeNeedsForce) {
  BeginRegistration begin{.user = user("ada"), .id = authenticator("A"), .serial = digest_of("serial L")};
  auto story = given(ada_and({a_code("ada", "X")}));
  story.when(admin(begin)).refused(RefusalCode::codes_at_large);
  begin.force = true;
  story.when(by(Role::operator_, begin)).refused(RefusalCode::role_insufficient);
  story.when(admin(begin)).then({licence_activation_reserved, authenticator_enrolled});
}

TEST(ARegistration, IsRefusedForWhatThePolicyAndTheLicenceSay) {
  const auto none = a_policy([](Provisioning& policy) { policy.max_authenticators = {{"hotp", 0}}; });
  given(ada_and({none})).when(register_device("ada", "A", "L")).refused(RefusalCode::too_many_authenticators);
  given(ada_and({disable("ada")})).when(register_device("ada", "A", "L")).refused(RefusalCode::user_disabled);
  auto story = given(ada_and({}));
  story.when(register_device("bob", "A", "L")).refused(RefusalCode::not_found);
  story.when(register_device("ada", "A", "M")).refused(RefusalCode::not_found);
  story.when(register_device("ada", "A", "L", LicenceType::sdl)).refused(RefusalCode::state_conflict);
  story.when(add_device("A")).refused(RefusalCode::not_found);
}

// --- The licence -----------------------------------------------------------------------------------------------------

TEST(ALicence, IsForSoManyDevicesAtATime) {
  auto story = given({a_user("ada"), a_user("bob"), a_user("eve"), a_licence("L", 2)});
  for (const auto& step : a_registered_device("ada", "A", "L") + a_registered_device("bob", "B", "L")) story.when(step);
  story.when(register_device("eve", "E", "L")).refused(RefusalCode::licence_exhausted);
  EXPECT_EQ(story.refusal().detail, "License activation limit reached.");
  story.when(change("A", AuthenticatorAction::remove, true)).then({authenticator_deleted, licence_activation_released});
  story.when(register_device("eve", "E", "L")).then({licence_activation_reserved, authenticator_enrolled});
  EXPECT_EQ(story->the_authenticator("eve", "E").instance, 3u);
}

TEST(ALicence, LimitsHowOftenAnActivationIsUsedAgain) {
  auto story = given({a_user("ada"), a_licence("L", 1, 1)});
  for (const auto* name : {"A", "B"}) {
    for (const auto& step : a_registered_device("ada", name, "L")) story.when(step);
    story.when(change(name, AuthenticatorAction::remove, true));
  }
  story.when(register_device("ada", "C", "L")).refused(RefusalCode::licence_exhausted);
  EXPECT_EQ(story.refusal().detail, "License reactivation limit reached.");
  EXPECT_EQ(story->the_licence("L").lost(), 1u);
  story.when(change_licence("L", {2, 1})).then({licence_updated});
  EXPECT_EQ(story->the_licence("L").free(), 1u);
}

TEST(ALicence, WhatARegistrationTookAndNeverUsedIsNotUsedAgain) {
  auto story = given({a_user("ada"), a_licence("L", 1, 0)});
  for (const auto* name : {"A", "B", "C"}) {
    story.when(register_device("ada", name, "L")).then({licence_activation_reserved, authenticator_enrolled});
    story.when(change(name, AuthenticatorAction::remove));
  }
  EXPECT_EQ(story->the_licence("L").free(), 1u);
}

TEST(ALicence, GetsBackWhatAReplacedOrErasedAuthenticatorTook) {
  auto story = given(ada_and(a_registered_device("ada", "A", "L")));
  story.when(testing::replace("ada", "A", "B")).then({authenticator_enrolled});
  story.when(use_otp("ada", "B", 0, OtpFlow::confirm))
      .then({authenticator_confirmed, authenticator_deleted, licence_activation_released});
  for (const auto& step : a_registered_device("ada", "C", "L")) story.when(step);
  story.when(disable("ada"));
  story.when(erase("ada")).then({licence_activation_released, user_erased});
  EXPECT_EQ(story->the_licence("L").free(), 2u);
  EXPECT_EQ(story->the_licence("L").given_back, 2u);
}

TEST(ALicence, KeepsWhatADisabledAuthenticatorTook) {
  auto story = given(ada_and(a_registered_device("ada", "A", "L")));
  story.when(change("A", AuthenticatorAction::disable, true)).then({authenticator_disabled});
  EXPECT_EQ(story->the_licence("L").used, 1u);
}

TEST(ALicence, HasASerialNumberOfItsOwnUntilItIsDeleted) {
  auto story = given(ada_and({register_device("ada", "A", "L")}));
  const CreateLicence same{licence("other"), "L", digest_of("serial L"), LicenceType::mdl, AuthenticatorType::hotp, {}};
  story.when(admin(same)).refused(RefusalCode::licence_taken);
  story.when(admin(DeleteLicence{licence("L")})).refused(RefusalCode::state_conflict);
  story.when(change("A", AuthenticatorAction::remove));
  story.when(admin(DeleteLicence{licence("L")})).then({licence_deleted});
  story.when(admin(same)).then({licence_created});
}

TEST(ALicence, IsNotForFewerDevicesThanItHas) {
  auto story = given({a_user("ada"), a_user("bob"), a_licence("L", 5)});
  for (const auto& step : a_registered_device("ada", "A", "L") + a_registered_device("bob", "B", "L")) story.when(step);
  story.when(change_licence("L", {1, {}})).refused(RefusalCode::state_conflict);
  story.when(change_licence("L", {0, {}})).refused(RefusalCode::validity_out_of_range);
  story.when(change_licence("L", {2, {}})).then({licence_updated});
  story.when(change_licence("L", {2, {}})).then_nothing();
  story.when(admin(ChangeLicence{licence("L"), {3, {}}, 1})).refused(RefusalCode::version_mismatch);
  story.when(admin(ChangeLicence{licence("M"), {3, {}}, 1})).refused(RefusalCode::not_found);
  story.when(admin(DeleteLicence{licence("M")})).refused(RefusalCode::not_found);
}

TEST(ALicence, OfTypeSdlIsForOneDeviceWhichHasItsSerialNumber) {
  auto story = given({a_user("ada")});
  story.when(a_licence("S", 2, {}, LicenceType::sdl)).refused(RefusalCode::validity_out_of_range);
  story.when(a_licence("S", 1, {}, LicenceType::sdl)).then({licence_created});
  story.when(register_device("ada", "A", "S", LicenceType::sdl))
      .then({licence_activation_reserved, authenticator_enrolled});
  EXPECT_EQ(instance_serial(story->the_licence("S"), 1), "S");
}

}  // namespace
}  // namespace countersign::domain
