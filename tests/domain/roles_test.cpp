// Who may do what, for every command and every role: checked inside decide, against the key as it is then.

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;

struct Permission {
  const char* command;
  RoleSet allowed;
  std::function<std::optional<Refusal>(const Ledger&, const Context&)> asked;
};

template <class Command>
Permission permission(const char* name, RoleSet allowed, Command command) {
  return {name, allowed, [=](const Ledger& ledger, const Context& context) -> std::optional<Refusal> {
            const auto decision = decide(static_cast<const State&>(ledger.state()), context, command);
            if (decision.refusal()) return *decision.refusal();
            return std::nullopt;
          }};
}

constexpr RoleSet admin_only = roles(Role::admin);
constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);

std::vector<Permission> permissions() {
  return {
      permission("ChangeProvisioning", admin_only, ChangeProvisioning{}),
      permission("ExportAuditKey", admin_only, ExportAuditKey{"0123456789abcdef"}),
      permission("CreateApiKey", admin_only, CreateApiKey{{api_key("k"), digest_of("k")}, "", Role::siem, 0}),
      permission("RevokeApiKey", admin_only, RevokeApiKey{api_key("siem")}),
      permission("CreateUser", roles(Role::admin, Role::scim), CreateUser{user("bob"), profile("bob")}),
      permission("UpdateUser", roles(Role::admin, Role::scim), UpdateUser{user("ada"), profile("ada"), 1}),
      permission("ImportUsers", admin_only, ImportUsers{}),
      permission("SetUserDisabled", roles(Role::admin, Role::operator_, Role::scim),
                 SetUserDisabled{user("ada"), true}),
      permission("ResetUsers", help_desk, ResetUsers{{user("ada")}}),
      permission("EraseUser", admin_only, EraseUser{user("gone")}),
      permission("GenerateCodes", help_desk, GenerateCodes{{user("ada")}, 1, {drawn_code("B")}}),
      permission("GenerateForNewUsers", admin_only, GenerateForNewUsers{}),
      permission("RevokeCode", help_desk, RevokeCode{code("A")}),
      permission("EnrolAuthenticator", help_desk,
                 EnrolAuthenticator{user("eve"), authenticator("new"), authenticator_settings("new"), {}, false}),
      permission("EditAuthenticator", help_desk,
                 EditAuthenticator{authenticator("A"), {}, digest_of("content A"), 0, 2}),
      permission("ChangeAuthenticator", help_desk,
                 ChangeAuthenticator{authenticator("A"), AuthenticatorAction::report_compromised, false}),
      permission("UnlockUser", help_desk, UnlockUser{user("ada")}),
      permission("UseOtp to verify", roles(Role::gateway), UseOtp{user("ada"), OtpFlow::verify, {}, {}}),
      permission("UseOtp to test", help_desk, UseOtp{user("nobody"), OtpFlow::test, {}, {}}),
      permission("UseOtp to confirm", help_desk, UseOtp{user("nobody"), OtpFlow::confirm, {}, {}}),
      permission("UseOtp to reset", help_desk, UseOtp{user("nobody"), OtpFlow::reset, {}, {}}),
      permission("IssueChallenge", help_desk | role_bit(Role::gateway), a_challenge("may", "S", "first", Channel::sms)),
      permission("CreateLicence", admin_only, CreateLicence{licence("new"), "new", digest_of("new")}),
      permission("ChangeLicence", admin_only, ChangeLicence{licence("L"), {20, {}}, 1}),
      permission("DeleteLicence", admin_only, DeleteLicence{licence("unused")}),
      permission("ImportHardwareTokens", admin_only, import_of("new")),
      permission("AssignHardwareToken", help_desk,
                 AssignHardwareToken{hardware_token("stock"), user("mei"), {}, {}, false, false}),
      permission("AssignHardwareToken as active", admin_only,
                 AssignHardwareToken{hardware_token("stock"), user("mei"), {}, {}, true, false}),
      permission("UnassignHardwareToken", help_desk, UnassignHardwareToken{hardware_token("stock"), false}),
      permission("RetireHardwareToken", help_desk, RetireHardwareToken{hardware_token("stock")}),
      permission("DeleteHardwareToken", admin_only, DeleteHardwareToken{hardware_token("stock")}),
      permission("BeginRegistration", help_desk,
                 BeginRegistration{.user = user("mei"), .id = authenticator("M"), .serial = digest_of("serial L")}),
      permission("AddDevice", help_desk | role_bit(Role::gateway),
                 AddDevice{authenticator("R"), true, digest_of("device code device")}),
      permission("CancelRegistration", help_desk, CancelRegistration{authenticator("R")}),
      permission("CompleteRegistration", help_desk | role_bit(Role::gateway),
                 CompleteRegistration{authenticator("R"), digest_of("device code device"), true}),
      permission("RenameDevice", help_desk, RenameDevice{{activation("A")}, {}, 1}),
      permission("RevokeDevice", help_desk, RevokeDevice{{activation("A")}}),
      permission("RevokeToken", help_desk, RevokeToken{{activation("A")}}),
      permission("EndSession", help_desk, EndSession{{activation("A")}}),
      permission("EndUserSessions", help_desk, EndUserSessions{user("ada")}),
      permission("RecordDownload", admin_only, RecordDownload{}),
      permission("RecordStream", roles(Role::admin, Role::auditor, Role::siem), RecordStream{}),
      permission("RecordOperation", admin_only, RecordOperation{}),
      permission("CreateSiemDestination", admin_only, CreateSiemDestination{destination("new"), {}, {}}),
      permission("UpdateSiemDestination", admin_only, UpdateSiemDestination{destination("siem"), {}, 1}),
      permission("SetSiemDestinationPaused", admin_only, SetSiemDestinationPaused{destination("siem"), true}),
      permission("DeleteSiemDestination", admin_only, DeleteSiemDestination{destination("siem")}),
      permission("RewindSiemDestination", admin_only, RewindSiemDestination{destination("siem"), 0}),
  };
}

Scenario everything() {
  return given(a_device("ada", "A") + std::vector{a_user("gone"), disable("gone"), a_destination("siem")} +
               an_authenticator("eve", "A") + an_authenticator("may", "S", AuthenticatorType::sms) +
               std::vector{later(30'000)} +
               std::vector{a_licence("L"), a_licence("unused"), a_user("mei"), a_user("pat"),
                           register_device("pat", "R", "L"), add_device("R"), a_hardware_token("stock")});
}

TEST(Roles, AreCheckedForEveryCommand) {
  auto scenario = everything();
  for (const auto& row : permissions())
    for (const auto role : fb::EnumValuesRole()) {
      if (role == Role::none || role == Role::root) continue;
      SCOPED_TRACE(std::string(row.command) + " by " + fb::EnumNameRole(role));
      const auto refusal = row.asked(*scenario.operator->(), scenario->as(role));
      if (row.allowed & role_bit(role)) {
        EXPECT_FALSE(refusal) << refusal->detail;
      } else {
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->code, RefusalCode::role_insufficient);
      }
    }
}

TEST(Roles, TheRootKeyDoesNothingInsideAnAccount) {
  auto scenario = everything();
  auto context = scenario->as_root();
  context.account = scenario->account;
  for (const auto& row : permissions()) {
    const auto refusal = row.asked(*scenario.operator->(), context);
    ASSERT_TRUE(refusal) << row.command;
    EXPECT_EQ(refusal->code, RefusalCode::role_insufficient) << row.command;
  }
}

TEST(Roles, AnAccountsKeysDoNothingWithAccounts) {
  Ledger ledger;
  const std::vector<Permission> of_root = {
      permission("CreateAccount", 0, CreateAccount{"x", {{uuid_of("x")}}, {{api_key("x"), digest_of("x")}}}),
      permission("SetAccountStatus", 0, SetAccountStatus{ledger.account, true}),
      permission("RescueAccount", 0, RescueAccount{ledger.account, {api_key("x"), digest_of("x")}})};
  for (const auto& row : of_root) {
    const auto refusal = row.asked(ledger, ledger.as(Role::admin));
    ASSERT_TRUE(refusal) << row.command;
    EXPECT_EQ(refusal->code, RefusalCode::role_insufficient);
    EXPECT_FALSE(row.asked(ledger, ledger.as_root())) << row.command;
  }
}

void expect_refused_for_all(Ledger& ledger, const Context& context, RefusalCode code) {
  for (const auto& row : permissions()) {
    if (!(row.allowed & role_bit(Role::admin))) continue;
    const auto refusal = row.asked(ledger, context);
    ASSERT_TRUE(refusal) << row.command;
    EXPECT_EQ(text_of(refusal->code), text_of(code)) << row.command;
  }
}

TEST(Roles, AKeyThatIsNotLiveDoesNothing) {
  auto scenario = everything();
  const auto later_key = api_key("second");
  scenario->run(CreateApiKey{{later_key, digest_of("key second")}, "", Role::admin, scenario->now + hour_ms},
                scenario->as(Role::admin));
  auto context = scenario->as(Role::admin);
  context.actor = party(later_key);
  EXPECT_FALSE(permissions().front().asked(*scenario.operator->(), context));
  context.now += hour_ms;
  expect_refused_for_all(*scenario.operator->(), context, RefusalCode::key_invalid);
  context.now -= hour_ms;
  scenario->run(RevokeApiKey{later_key}, scenario->as(Role::admin));
  expect_refused_for_all(*scenario.operator->(), context, RefusalCode::key_invalid);
  context.actor = party(api_key("nobody's"));
  expect_refused_for_all(*scenario.operator->(), context, RefusalCode::key_invalid);
  context.actor = party(user("ada"));
  expect_refused_for_all(*scenario.operator->(), context, RefusalCode::key_invalid);
}

TEST(Roles, ASuspendedAccountStandsStillUntilItIsResumed) {
  auto scenario = everything();
  scenario->run(SetAccountStatus{scenario->account, true}, scenario->as_root());
  expect_refused_for_all(*scenario.operator->(), scenario->as(Role::admin), RefusalCode::account_suspended);
  scenario->run(SetAccountStatus{scenario->account, false}, scenario->as_root());
  EXPECT_FALSE(permissions().front().asked(*scenario.operator->(), scenario->as(Role::admin)));
}

TEST(Roles, OneAccountsKeyIsNoneInAnother) {
  auto scenario = everything();
  const AccountId other{uuid_of("another account")};
  scenario->run(CreateAccount{"Other", {other}, {{api_key("other"), digest_of("key other")}}}, scenario->as_root());
  auto context = scenario->as(Role::admin);
  context.account = other;
  expect_refused_for_all(*scenario.operator->(), context, RefusalCode::key_invalid);
}

}  // namespace
}  // namespace countersign::domain
