// The account's policy, its keys and its place among others.

#include <gtest/gtest.h>

#include "domain/event_catalogue.h"
#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;

Step validity(std::uint32_t value, fb::ValidityUnit unit) {
  return a_policy([=](Provisioning& p) {
    p.code_validity_value = value;
    p.code_validity_unit = unit;
  });
}

TEST(CodeValidity, IsOneHourToSevenDays) {
  for (const auto& [value, unit] :
       {std::pair{1u, fb::ValidityUnit::hours}, {168u, fb::ValidityUnit::hours}, {1u, fb::ValidityUnit::days}})
    given({}).when(validity(value, unit)).then({provisioning_changed});
  given({}).when(validity(7, fb::ValidityUnit::days)).then_nothing();  // as it is already
  for (const auto value : {0u, 169u, 4'294'967'295u})
    given({}).when(validity(value, fb::ValidityUnit::hours)).refused(RefusalCode::validity_out_of_range);
}

TEST(CodeValidity, IsFixedWhenTheCodeIsGenerated) {
  auto story = given({a_user("ada"), a_code("ada", "A"), validity(1, fb::ValidityUnit::hours), a_code("ada", "B")});
  const auto ada = story->the_user("ada");
  EXPECT_EQ(ada.code(code("A"))->expires_at, story->now + 7 * day_ms);
  EXPECT_EQ(ada.code(code("B"))->expires_at, story->now + hour_ms);
}

TEST(Method, SwitchingToCodesSaysHowManyHaveMfaAndWhereToListThem) {
  auto story = given({a_policy([](Provisioning& p) { p.method = fb::Method::invitation_email; }), a_user("ada", true),
                      a_user("bob", true), a_user("eve")});
  const auto to_codes = a_policy([](Provisioning& p) { p.method = fb::Method::registration_code; });
  story.when(to_codes).refused(RefusalCode::mfa_configured);
  EXPECT_TRUE(story.refusal().detail.starts_with("2 users")) << story.refusal().detail;
  EXPECT_NE(story.refusal().detail.find("/v1/users?mfa=true"), std::string::npos);
  story.when(turn_mfa("ada", false)).then({user_updated});
  story.when(turn_mfa("bob", false)).then({user_updated});
  story.when(to_codes).then({provisioning_changed});
}

TEST(Method, AUserWithMfaIsRefusedByNameAndAllAreWithHim) {
  GenerateCodes both{{user("bob"), user("ada")}, 1, {drawn_code("1"), drawn_code("2")}};
  auto story = given({a_user("ada", true), a_user("bob")});
  story.when(admin(both)).refused(RefusalCode::mfa_configured);
  EXPECT_NE(story.refusal().detail.find(user("ada").text()), std::string::npos);
  EXPECT_NE(story.refusal().detail.find("/v1/users?mfa=true"), std::string::npos);
  EXPECT_TRUE(story->the_user("bob").codes.empty());
}

TEST(Method, AllUsersWithMfaAmongThoseNamedAreCounted) {
  auto story = given({a_user("ada", true), a_user("bob"), a_user("eve", true)});
  GenerateCodes all{{user("bob"), user("ada"), user("eve")}, 1, {drawn_code("1"), drawn_code("2"), drawn_code("3")}};
  story.when(admin(all)).refused(RefusalCode::mfa_configured);
  EXPECT_TRUE(story.refusal().detail.starts_with("2 users have MFA")) << story.refusal().detail;
}

TEST(Policy, KeepsEverythingThatItWasGiven) {
  Provisioning wanted;
  wanted.code_validity_value = 12;
  wanted.code_validity_unit = fb::ValidityUnit::hours;
  wanted.send_to_created = wanted.send_to_imported = wanted.notify_disabled = true;
  wanted.max_authenticators = {{"totp", 3}, {"any", 5}};
  wanted.allowed_authenticators = {"totp", "hotp"};
  wanted.authenticator_type_names = {{"totp", "App"}};
  wanted.mfa_exempt_authenticators = {"hotp"};
  wanted.access_token_validity_seconds = 3600;
  wanted.session_lifetime_seconds = 60;
  auto story = given({});
  story.when(admin(ChangeProvisioning{ProvisioningChange::to(wanted), true})).then({provisioning_changed});
  EXPECT_EQ(story->the_account().provisioning, wanted);
  story.when(admin(ChangeProvisioning{ProvisioningChange::to(wanted), true})).then_nothing();
}

TEST(Policy, TwoChangesOfDifferentFieldsAreBothKept) {
  const auto before = Provisioning{};
  ProvisioningChange validity, lifetime;
  validity.code_validity_value = 3;
  lifetime.session_lifetime_seconds = 60;
  auto story = given({});
  story.when(admin(ChangeProvisioning{validity, false})).then({provisioning_changed});
  story.when(admin(ChangeProvisioning{lifetime, false})).then({provisioning_changed});
  auto wanted = before;
  wanted.code_validity_value = 3;
  wanted.session_lifetime_seconds = 60;
  EXPECT_EQ(story->the_account().provisioning, wanted);
}

TEST(ApiKey, TheLastLastingAdministratorKeyStays) {
  auto story = given({});
  const auto revoking = [](const char* name) { return admin(RevokeApiKey{api_key(name)}); };
  story.when(revoking("operator_")).then({api_key_revoked});
  story.when(revoking("admin")).refused(RefusalCode::last_admin_key);
  story.when(admin(CreateApiKey{{api_key("second"), digest_of("key second")}, "", Role::admin, 0}))
      .then({api_key_created});
  EXPECT_EQ(story->the_account().admin_keys, 2u);
  story.when(revoking("second")).then({api_key_revoked});
  story.when(revoking("second")).then_nothing();
  story.when(revoking("admin")).refused(RefusalCode::last_admin_key);
}

TEST(AuditKey, IsNotedEachTimeItIsHandedOut) {
  auto story = given({admin(ExportAuditKey{"0123456789abcdef"})});
  story.when(admin(ExportAuditKey{"0123456789abcdef"})).then({audit_key_exported});
  EXPECT_EQ(severity_of(audit_key_exported, Reason::none), "critical");
}

TEST(ApiKey, ARescueIsNotedInTheAccountAndInTheSystemAccount) {
  Ledger ledger;
  const auto before = ledger.state().account(system_account())->last_sequence;
  const auto rescue =
      ledger.happens(RescueAccount{ledger.account, {api_key("rescue"), digest_of("key rescue")}}, ledger.as_root());
  EXPECT_EQ(rescue.types, (std::vector{api_key_created, account_rescued}));
  EXPECT_EQ(rescue.reasons.front(), Reason::rescue);
  EXPECT_EQ(ledger.state().account(system_account())->last_sequence, before + 1);
  EXPECT_EQ(ledger.state().find(digest_of("key rescue"))->id, api_key("rescue").uuid);
  EXPECT_EQ(ledger.the_account().admin_keys, 2u);
}

TEST(Account, TakesTheFirstCandidateWhoseSlotIsFree) {
  Ledger ledger;
  const AccountId other{uuid_of("another account")};
  ASSERT_NE(slot_of(other), ledger.slot());
  const CreateAccount create{
      "Second", {ledger.account, other}, {{api_key("x"), digest_of("key x")}, {api_key("y"), digest_of("key y")}}};
  const auto decision = ledger.run(create, ledger.as_root());
  ASSERT_FALSE(decision.refusal());
  EXPECT_EQ(decision.result().candidate, 1u);
  EXPECT_EQ(*ledger.state().account_of_slot(slot_of(other)), other);
  EXPECT_TRUE(ledger.state().find(digest_of("key y")));
  EXPECT_FALSE(ledger.state().find(digest_of("key x")));
  EXPECT_TRUE(ledger.run(create, ledger.as_root()).refusal());
}

TEST(Account, SuspendingTwiceIsOneEvent) {
  auto story = given({});
  story.when(suspend()).then({account_suspended});
  story.when(suspend()).then_nothing();
}

TEST(Account, TheSystemAccountIsMadeOnce) {
  given({}).when(system(CreateSystemAccount{})).then_nothing();
}

TEST(Account, WrongCodesGoToTheAccountOfTheirSlotElseToTheSystemAccount) {
  Ledger ledger;
  const auto refusals_of = [&](AccountId id) { return ledger.state().account(id)->last_sequence; };
  const auto own = refusals_of(ledger.account), system_s = refusals_of(system_account());
  ledger.run(RedeemCode{digest_of("?"), ledger.slot(), drawn_activation("d")}, ledger.nobody());
  EXPECT_EQ(refusals_of(ledger.account), own + 1);
  const auto free_slot = static_cast<std::uint16_t>((ledger.slot() + 1) % slot_count);
  ledger.run(RedeemCode{digest_of("?"), free_slot, drawn_activation("d")}, ledger.nobody());
  EXPECT_EQ(refusals_of(ledger.account), own + 1);
  EXPECT_EQ(refusals_of(system_account()), system_s + 1);
}

TEST(Records, StandInTheLogInOrder) {
  given({}).when(admin(RecordDownload{})).then({registration_codes_downloaded});
  given({}).when(by(Role::siem, RecordStream{false, "native", 0})).then({stream_started});
  given({}).when(by(Role::siem, RecordStream{true, "native", 7})).then({stream_ended});
  given({}).when(admin(RecordOperation{{uuid_of("op")}, "import"})).then({operation_started});
  given({}).when(system(RecordOperation{{uuid_of("op")}, "import", true, false, 3, 1, 2})).then({operation_finished});
  given({}).when(system(RecordServer{server_started, "1.0", "n1"})).then({server_started});
  given({}).when(system(RecordRestore{7, 3, false})).then({log_restored});
  given({}).when(system(RecordExport{destination("siem"), 5, 9, 7, 3})).then({siem_destination_exported});
  given({}).when(by(Role::siem, RecordReads{1, 2, 3, 4, 5})).then({events_read});
  given({}).when(system(RecordRefusals{api_key_refused, Reason::key_unknown, 12, 5})).then({api_key_refused});
}

TEST(Records, TheEndOfAStreamIsNotedThoughItsKeyHasBeenRevoked) {
  given({admin(RevokeApiKey{api_key("siem")})})
      .when(by(Role::siem, RecordStream{true, "native", 7}))
      .then({stream_ended});
}

}  // namespace
}  // namespace countersign::domain
