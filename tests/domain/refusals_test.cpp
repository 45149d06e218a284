// Every refusal that a decision can give, as a table: what came before, what is asked, what is answered, and which
// reason the event has where one is written.

#include <gtest/gtest.h>

#include <set>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum RefusalCode;

struct Row {
  const char* what;
  std::vector<Step> past;
  Step asked;
  RefusalCode code;
  Reason reason = Reason::none;
};

Step create_account(std::vector<AccountId> candidates) {
  return root(CreateAccount{"Second", candidates, {{api_key("second"), digest_of("key second")}}});
}
Step update(const std::string& name, const Profile& to, std::uint64_t version = 1) {
  return admin(UpdateUser{user(name), to, version});
}
Profile with_email_of(const std::string& other, const std::string& name) {
  auto out = profile(name);
  out.email = digest_of("email " + other);
  return out;
}
Profile with_login_of(const std::string& other, const std::string& name) {
  auto out = profile(name);
  out.login_name = digest_of("login " + other);
  return out;
}
Step generate(const std::string& name, std::uint32_t count) {
  GenerateCodes command{{user(name)}, count, {}};
  for (std::uint32_t i = 0; i < count; ++i) command.drawn.push_back(drawn_code("many" + std::to_string(i)));
  return admin(command);
}
Step one_more_code(const std::string& name) {
  return a_code(name, "one more");
}
Step validity(std::uint32_t value, fb::ValidityUnit unit) {
  return a_policy([=](Provisioning& p) {
    p.code_validity_value = value;
    p.code_validity_unit = unit;
  });
}
Step by_mail() {
  return a_policy([](Provisioning& p) { p.method = fb::Method::invitation_email; });
}
Step without_mail(const std::function<void(Provisioning&)>& change) {
  return a_policy(change, false);
}
Step a_licence_like(const std::string& name) {
  return admin(CreateLicence{licence("another"), name, digest_of("serial " + name)});
}
std::vector<Step> two_hundred_devices() {
  std::vector<Step> past{a_user("ada"), generate("ada", 200)};
  for (int i = 0; i < 200; ++i) past.push_back(redeem("many" + std::to_string(i), "device" + std::to_string(i)));
  past.push_back(a_code("ada", "A"));
  return past;
}
Step rename_to(const std::string& device, std::uint64_t version) {
  return admin(RenameDevice{{activation(device)}, {}, version});
}

Step change_destination(const std::string& name, std::uint64_t version) {
  return admin(UpdateSiemDestination{destination(name), destination_settings("changed"), version});
}
std::vector<Step> twenty_destinations() {
  std::vector<Step> past;
  for (std::uint32_t i = 0; i < most_siem_destinations; ++i) past.push_back(a_destination(std::to_string(i)));
  return past;
}

std::vector<Row> table() {
  const std::vector<Step> nothing;
  const auto ada = std::vector{a_user("ada")};
  const auto both = std::vector{a_user("ada"), a_user("bob")};
  const auto open = std::vector{a_user("ada"), a_code("ada", "A")};
  const auto used = a_device("ada", "A");
  const auto reserved = open + std::vector{reserve("A", "T")};
  const auto gone_by = later(8 * day_ms);
  const auto off = [](const char* name) { return std::vector{disable(name)}; };
  const auto mfa = [](const char* name) { return std::vector{turn_mfa(name, true)}; };
  return {
      // accounts, policy, keys
      {"no slot is left", nothing, create_account({Ledger().account}), no_free_slot},
      {"no candidate was drawn", nothing, create_account({}), no_free_slot},
      {"an unknown account can't be suspended", nothing, root(SetAccountStatus{{uuid_of("?")}, true}), not_found},
      {"nor can the system account", nothing, root(SetAccountStatus{system_account(), true}), not_found},
      {"an unknown account can't be rescued", nothing, root(RescueAccount{{uuid_of("?")}, {}}), not_found},
      {"nor can the system account", nothing, root(RescueAccount{system_account(), {}}), not_found},
      {"codes are valid for a while", nothing, validity(0, fb::ValidityUnit::hours), validity_out_of_range},
      {"8 days are too many", nothing, validity(8, fb::ValidityUnit::days), validity_out_of_range},
      {"169 hours are too many", nothing, validity(169, fb::ValidityUnit::hours), validity_out_of_range},
      {"invitations need a transport", nothing, without_mail([](auto& p) { p.method = fb::Method::invitation_email; }),
       delivery_not_configured},
      {"mail to created users does", nothing, without_mail([](auto& p) { p.send_to_created = true; }),
       delivery_not_configured},
      {"mail to imported users does", nothing, without_mail([](auto& p) { p.send_to_imported = true; }),
       delivery_not_configured},
      {"mail to disabled users does", nothing, without_mail([](auto& p) { p.notify_disabled = true; }),
       delivery_not_configured},
      {"nobody has MFA when the method becomes codes",
       {by_mail(), a_user("ada", true)},
       a_policy([](Provisioning& p) { p.method = fb::Method::registration_code; }),
       mfa_configured},
      {"an unknown key can't be revoked", nothing, admin(RevokeApiKey{api_key("?")}), not_found},
      {"the last administrator key stays", nothing, admin(RevokeApiKey{api_key("admin")}), last_admin_key},
      {"one that expires doesn't count",
       {admin(CreateApiKey{{api_key("brief"), digest_of("key brief")}, "", Role::admin, 2'000'000'000'000})},
       admin(RevokeApiKey{api_key("admin")}),
       last_admin_key},
      // SIEM destinations
      {"20 destinations are enough", twenty_destinations(), a_destination("one more"), too_many_destinations},
      {"an unknown destination can't be changed", nothing, change_destination("siem", 1), not_found},
      {"a change knows what it changes", {a_destination("siem")}, change_destination("siem", 2), version_mismatch},
      {"an unknown destination can't be paused", nothing, pause("siem"), not_found},
      {"nor resumed", nothing, pause("siem", false), not_found},
      {"nor deleted", nothing, admin(DeleteSiemDestination{destination("siem")}), not_found},
      {"nor rewound", nothing, admin(RewindSiemDestination{destination("siem"), 0}), not_found},
      {"a deleted one is unknown",
       {a_destination("siem"), admin(DeleteSiemDestination{destination("siem")})},
       pause("siem"),
       not_found},
      // users
      {"an address is one person's", ada, admin(CreateUser{user("bob"), with_email_of("ada", "bob")}), email_taken},
      {"a login name is", ada, admin(CreateUser{user("bob"), with_login_of("ada", "bob")}), login_name_taken},
      {"an unknown user can't be updated", nothing, update("ada", profile("ada")), not_found},
      {"an update knows what it changes", ada, update("ada", profile("ada", false, "2"), 7), version_mismatch},
      {"an update takes no other's address", both, update("bob", with_email_of("ada", "bob")), email_taken},
      {"an update takes no other's login name", both, update("bob", with_login_of("ada", "bob")), login_name_taken},
      {"an unknown user can't be disabled", nothing, disable("ada"), not_found},
      {"an unknown user can't be reset", ada, admin(ResetUsers{{user("ada"), user("?")}}), not_found},
      {"an unknown user can't be erased", nothing, erase("ada"), not_found},
      {"an enabled user can't be erased", ada, erase("ada"), user_not_disabled},
      {"an erased user is unknown", ada + std::vector{disable("ada"), erase("ada")}, disable("ada"), not_found},
      // codes
      {"an unknown user gets no code", nothing, a_code("ada", "A"), not_found},
      {"a user with MFA gets none", {a_user("ada", true)}, a_code("ada", "A"), mfa_configured},
      {"a disabled user gets none", ada + off("ada"), a_code("ada", "A"), user_disabled},
      {"nobody has more than 200 open codes", ada + std::vector{generate("ada", 200)}, one_more_code("ada"),
       too_many_open_codes},
      {"201 at once are too many", ada, generate("ada", 201), too_many_open_codes},
      {"two users never share a code", both + std::vector{a_code("ada", "A")}, a_code("bob", "A"), state_conflict},
      {"invited users get no codes", ada + std::vector{by_mail()}, a_code("ada", "A"), provisioning_method},
      {"nor do all new ones", ada + std::vector{by_mail()}, admin(GenerateForNewUsers{{}, {user("ada")}, {}}),
       provisioning_method},
      {"an unknown code can't be revoked", nothing, revoke("A"), not_found},
      {"an expired code can't be revoked", open + std::vector{gone_by}, revoke("A"), state_conflict},
      // redemption: one answer, but the event has the reason
      {"an unknown code", ada, redeem("A", "d"), code_not_redeemable, Reason::code_unknown},
      {"a used code", used, redeem("A", "d"), code_not_redeemable, Reason::code_used},
      {"an expired code", open + std::vector{gone_by}, redeem("A", "d"), code_not_redeemable, Reason::code_expired},
      {"a revoked code", open + std::vector{revoke("A")}, redeem("A", "d"), code_not_redeemable, Reason::code_revoked},
      {"a disabled user's code", open + off("ada"), redeem("A", "d"), code_not_redeemable, Reason::user_disabled},
      {"a reserved code", reserved, redeem("A", "d"), code_not_redeemable, Reason::code_reserved},
      {"a suspended account's code", open + std::vector{suspend()}, redeem("A", "d"), code_not_redeemable,
       Reason::account_suspended},
      {"the code of a user who has MFA since", open + mfa("ada"), redeem("A", "d"), code_not_redeemable,
       Reason::mfa_configured},
      {"a user with 200 devices", two_hundred_devices(), redeem("A", "d"), code_not_redeemable,
       Reason::too_many_devices},
      {"an erased user's code", open + off("ada") + std::vector{erase("ada")}, redeem("A", "d"), code_not_redeemable,
       Reason::code_unknown},
      {"reserving an unknown code", ada, reserve("A", "T"), code_not_redeemable, Reason::code_unknown},
      {"reserving a used code", used, reserve("A", "T"), code_not_redeemable, Reason::code_used},
      {"reserving a reserved code", reserved, reserve("A", "U"), code_not_redeemable, Reason::code_reserved},
      {"reserving an expired code", open + std::vector{gone_by}, reserve("A", "T"), code_not_redeemable,
       Reason::code_expired},
      {"reserving a revoked code", open + std::vector{revoke("A")}, reserve("A", "T"), code_not_redeemable,
       Reason::code_revoked},
      {"reserving a disabled user's code", open + off("ada"), reserve("A", "T"), code_not_redeemable,
       Reason::user_disabled},
      {"reserving with MFA", open + mfa("ada"), reserve("A", "T"), code_not_redeemable, Reason::mfa_configured},
      {"an unknown ticket", open, activate("T", "d"), ticket_not_redeemable, Reason::ticket_unknown},
      {"a lapsed ticket", reserved + std::vector{later(ticket_validity)}, activate("T", "d"), ticket_not_redeemable,
       Reason::ticket_lapsed},
      {"a ticket used already", reserved + std::vector{activate("T", "c")}, activate("T", "d"), ticket_not_redeemable,
       Reason::ticket_unknown},
      {"a revoked code's ticket", reserved + std::vector{revoke("A")}, activate("T", "d"), ticket_not_redeemable,
       Reason::ticket_unknown},
      {"a disabled user's ticket", reserved + off("ada"), activate("T", "d"), ticket_not_redeemable,
       Reason::user_disabled},
      {"a suspended account's ticket", reserved + std::vector{suspend()}, activate("T", "d"), ticket_not_redeemable,
       Reason::account_suspended},
      {"a ticket of a user who has MFA since", reserved + mfa("ada"), activate("T", "d"), ticket_not_redeemable,
       Reason::mfa_configured},
      {"a code is no ticket", open,
       [](Ledger& l) {
         return l.happens(ActivateDevice{digest_of("code A"), l.slot(), drawn_activation("d")}, l.nobody());
       },
       ticket_not_redeemable, Reason::ticket_unknown},
      {"a ticket is no code", reserved,
       [](Ledger& l) {
         return l.happens(RedeemCode{digest_of("ticket T"), l.slot(), drawn_activation("d")}, l.nobody());
       },
       code_not_redeemable, Reason::code_unknown},
      // devices, tokens, sessions
      {"an unknown device can't be renamed", nothing, rename_to("d", 1), not_found},
      {"a rename knows what it changes", used, rename_to("A", 2), version_mismatch},
      {"a revoked device keeps its name", used + std::vector{admin(RevokeDevice{{activation("A")}})}, rename_to("A", 2),
       state_conflict},
      {"an unknown device can't be revoked", nothing, admin(RevokeDevice{{activation("d")}}), not_found},
      {"an unknown token can't be revoked", nothing, admin(RevokeToken{{activation("d")}}), not_found},
      {"an unknown session can't be ended", nothing, admin(EndSession{{activation("d")}}), not_found},
      {"an unknown user has no sessions", nothing, admin(EndUserSessions{user("?")}), not_found},
      // authenticators; states and types in authenticator_test.cpp
      {"nobody gets no authenticator", nothing, enrol("ada", "A"), not_found},
      {"nor does a disabled user", ada + off("ada"), enrol("ada", "A"), user_disabled},
      {"an authenticator that isn't there can't be replaced", ada, testing::replace("ada", "A", "B"), not_found},
      {"nor be changed", ada, change("A", AuthenticatorAction::disable), not_found},
      {"nor edited", ada, admin(EditAuthenticator{authenticator("A"), {}, {}, 0, 1}), not_found},
      {"an edit knows what it changes", an_authenticator("ada", "A"),
       admin(EditAuthenticator{authenticator("A"), {}, {}, 0, 1}), version_mismatch},
      {"the last active one stays", an_authenticator("ada", "A"), change("A", AuthenticatorAction::disable),
       last_authenticator},
      {"no more than the policy allows",
       {a_policy([](Provisioning& p) {
          p.max_authenticators = {{"hotp", 0}};
        }),
        a_user("ada")},
       enrol("ada", "A"),
       too_many_authenticators},
      {"none of a type that the policy doesn't allow",
       {a_policy([](Provisioning& p) { p.allowed_authenticators = {"totp"}; }), a_user("ada")},
       enrol("ada", "A"),
       authenticator_type_not_allowed},
      {"none while a code is at large", open,
       admin(EnrolAuthenticator{user("ada"), authenticator("A"), authenticator_settings("A"), {}, false}),
       codes_at_large},
      {"nobody is unlocked", nothing, admin(UnlockUser{user("ada")}), not_found},
      // licences and registrations; the rest in device_registration_test.cpp
      {"a serial number is taken", {a_licence("L")}, a_licence_like("L"), licence_taken},
      {"a licence is used up",
       {a_user("ada"), a_user("bob"), a_licence("L", 1), register_device("ada", "A", "L")},
       register_device("bob", "B", "L"),
       licence_exhausted},
      // hardware tokens; the rest in hardware_token_test.cpp
      {"a token that isn't there is not assigned", ada, assign("T", "ada"), not_found},
      {"nor retired", nothing, retire_token("T"), not_found},
      {"nor deleted", nothing, delete_token("T"), not_found},
      {"nor unassigned", nothing, unassign("T"), not_found},
      {"nobody gets no token", {a_hardware_token("T")}, assign("T", "ada"), not_found},
      {"nor does a disabled user", ada + off("ada") + std::vector{a_hardware_token("T")}, assign("T", "ada"),
       RefusalCode::user_disabled},
      // keys and roles, for all commands in roles_test.cpp
      {"a key that nobody knows", nothing,
       [](Ledger& l) {
         auto context = l.as(Role::admin);
         context.actor = party(api_key("?"));
         return l.happens(CreateUser{user("ada"), profile("ada")}, context);
       },
       key_invalid},
      {"an auditor only reads", nothing, by(Role::auditor, CreateUser{user("ada"), profile("ada")}), role_insufficient},
      {"a suspended account stands still", {suspend()}, a_user("ada"), RefusalCode::account_suspended},
  };
}

TEST(Refusals, AreWhatTheTableSays) {
  for (const auto& row : table()) {
    SCOPED_TRACE(row.what);
    given(row.past).when(row.asked).refused(row.code, row.reason);
  }
}

TEST(Refusals, ChangeNothingButTheirOwnRecord) {
  for (const auto& row : table()) {
    SCOPED_TRACE(row.what);
    auto scenario = given(row.past);
    const auto before = scenario->the_account();
    scenario.when(row.asked);
    auto after = scenario->the_account();
    const auto written = after.last_sequence - before.last_sequence;
    after.last_sequence = before.last_sequence;
    EXPECT_EQ(after, before);
    EXPECT_EQ(written, row.reason == Reason::none ? 0u : 1u);
  }
}

TEST(Refusals, NoneIsMissingFromTheTable) {
  // What the adapters refuse before or after a decision, and what only rows of an import are refused for.
  std::set<RefusalCode> seen{too_many_attempts, idempotency_key_reused, answer_withdrawn, too_large,
                             serial_number_taken};
  for (const auto& row : table()) seen.insert(row.code);
  std::set<std::string_view> texts;
  for (int i = 0;; ++i) {
    const auto refusal = static_cast<RefusalCode>(i);
    if (text_of(refusal) == "refused") break;
    EXPECT_TRUE(seen.contains(refusal)) << text_of(refusal) << " has no row";
    EXPECT_TRUE(texts.insert(text_of(refusal)).second) << text_of(refusal) << " stands twice";
  }
  EXPECT_EQ(texts.size(), seen.size());
}

TEST(Refusals, OfImportedRowsNameTheLine) {
  Ledger ledger;
  a_user("ada")(ledger);
  ImportUsers import;
  import.rows = {{user("bob"), profile("bob"), 2},
                 {user("eve"), with_login_of("ada", "eve"), 3},
                 { user("eva"),
                   with_login_of("bob", "eva"),
                   4 }};
  const auto decision = ledger.run(import, ledger.as(Role::admin));
  ASSERT_FALSE(decision.refusal());
  const auto& result = decision.result();
  EXPECT_EQ(result.created, 1u);
  ASSERT_EQ(result.refused.size(), 2u);
  EXPECT_EQ(result.refused[0].line, 3u);
  EXPECT_EQ(result.refused[0].refusal.code, login_name_taken);
  EXPECT_EQ(result.refused[1].line, 4u);
  EXPECT_EQ(result.refused[1].refusal.code, login_name_taken);
}

}  // namespace
}  // namespace countersign::domain
