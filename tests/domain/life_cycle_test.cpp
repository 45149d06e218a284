// The life of a registration code and of what it brings, told in sentences.

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;

const std::vector<EventType> activated{registration_code_used, device_activated, token_issued, session_started};

std::vector<Step> an_open_code() {
  return {a_user("ada"), a_code("ada", "A")};
}

TEST(RegistrationCode, ActivatesADeviceWithItsTokenAndSession) {
  auto story = given(an_open_code());
  story.when(redeem("A", "phone")).then(activated);
  EXPECT_EQ(story->status_of("A"), CodeStatus::used);
  const auto phone = story->the_activation("phone");
  ASSERT_TRUE(phone);
  EXPECT_TRUE(phone->device_live());
  EXPECT_TRUE(phone->token_live(story->now));
  EXPECT_TRUE(phone->session_live(story->now));
  EXPECT_EQ(phone->code, code("A"));
  EXPECT_EQ(story->state().find(digest_of("token phone"))->id, activation("phone"));
}

TEST(RegistrationCode, OneCodeOneDevice) {
  given(a_device("ada", "A")).when(redeem("A", "tablet")).refused(RefusalCode::code_not_redeemable, Reason::code_used);
}

TEST(RegistrationCode, SeveralCodesSeveralDevices) {
  given(a_device("ada", "A") + std::vector{a_code("ada", "B")}).when(redeem("B", "tablet")).then(activated);
}

TEST(RegistrationCode, GeneratingAgainLeavesOpenCodesAlone) {
  auto story = given(an_open_code());
  story.when(a_code("ada", "B")).then({registration_code_generated});
  EXPECT_EQ(story->status_of("A"), CodeStatus::open);
  EXPECT_EQ(story->status_of("B"), CodeStatus::open);
  story.when(redeem("A", "phone")).then(activated);
  story.when(redeem("B", "tablet")).then(activated);
}

TEST(RegistrationCode, IsGoodUntilItsLastMillisecond) {
  given(an_open_code() + std::vector{later(7 * day_ms - 1)}).when(redeem("A", "phone")).then(activated);
  given(an_open_code() + std::vector{later(7 * day_ms)})
      .when(redeem("A", "phone"))
      .refused(RefusalCode::code_not_redeemable, Reason::code_expired);
}

TEST(RegistrationCode, UsedStaysGoodAsAuthenticationAfterItsValidity) {
  auto story = given(a_device("ada", "A") + std::vector{later(400 * day_ms)});
  EXPECT_EQ(story->status_of("A"), CodeStatus::used);
  EXPECT_TRUE(story->the_activation("A")->session_live(story->now));
  story.when(system(SweepExpired{{{user("ada"), party(code("A"))}, {user("ada"), party(TokenId{activation("A")})}}}))
      .then_nothing();
}

TEST(RegistrationCode, RevokingAnOpenOneKillsIt) {
  auto story = given(an_open_code());
  story.when(revoke("A")).then({registration_code_revoked});
  EXPECT_EQ(story->status_of("A"), CodeStatus::revoked);
  EXPECT_EQ(story->the_account().open_codes, 0u);
  story.when(revoke("A")).then_nothing();
}

TEST(RegistrationCode, RevokingAUsedOneEndsDeviceTokenAndSession) {
  auto story = given(a_device("ada", "A"));
  story.when(revoke("A")).then({registration_code_revoked, token_revoked, session_ended, device_revoked});
  const auto ended = story->the_activation("A");
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->device_live());
  EXPECT_FALSE(ended->token_live(story->now));
  EXPECT_FALSE(ended->session_live(story->now));
  EXPECT_EQ(ended->token_reason, Reason::code_revoked_with);
  EXPECT_FALSE(story->state().find(digest_of("token A")));
  EXPECT_TRUE(story->the_user("ada").activations.empty());
}

TEST(RegistrationCode, ExpiredOnesAreSweptOnce) {
  const SweepExpired sweep{{{user("ada"), party(code("A"))}}};
  auto story = given(an_open_code());
  story.when(system(sweep)).then_nothing();
  story->now += 7 * day_ms;
  story.when(system(sweep)).then({registration_code_expired});
  story.when(system(sweep)).then_nothing();
  EXPECT_EQ(story->the_account().open_codes, 0u);
  EXPECT_TRUE(story->the_user("ada").had_code);
}

// --- two steps -------------------------------------------------------------------------------------------------------

TEST(TwoSteps, TheTicketAndTheCodeActivateADevice) {
  auto story = given(an_open_code());
  story.when(reserve("A", "T")).then({registration_code_reserved});
  EXPECT_EQ(story->status_of("A"), CodeStatus::reserved);
  story.when(redeem("A", "thief")).refused(RefusalCode::code_not_redeemable, Reason::code_reserved);
  story.when(activate("T", "phone")).then(activated);
  EXPECT_EQ(story->status_of("A"), CodeStatus::used);
  EXPECT_FALSE(story->state().find(digest_of("ticket T")));
}

TEST(TwoSteps, ALapsedTicketReopensTheCode) {
  auto story = given(an_open_code() + std::vector{reserve("A", "T"), later(ticket_validity)});
  EXPECT_EQ(story->status_of("A"), CodeStatus::open);
  story.when(reserve("A", "U")).then({registration_code_reserved});
  EXPECT_FALSE(story->state().find(digest_of("ticket T")));
  story.when(activate("T", "thief")).refused(RefusalCode::ticket_not_redeemable, Reason::ticket_unknown);
  story.when(activate("U", "phone")).then(activated);
}

TEST(TwoSteps, TheSweepWritesThatATicketHasLapsed) {
  const SweepExpired sweep{{{user("ada"), party(code("A"))}}};
  auto story = given(an_open_code() + std::vector{reserve("A", "T")});
  story.when(system(sweep)).then_nothing();
  story->now += ticket_validity;
  story.when(system(sweep)).then({registration_code_reopened});
  story.when(system(sweep)).then_nothing();
  EXPECT_EQ(story->the_account().open_codes, 1u);
  story.when(redeem("A", "phone")).then(activated);
}

TEST(TwoSteps, ATicketLastsNoLongerThanItsCode) {
  auto story = given(an_open_code() + std::vector{later(7 * day_ms - 1000), reserve("A", "T"), later(1000)});
  story.when(activate("T", "phone")).refused(RefusalCode::ticket_not_redeemable, Reason::code_expired);
  EXPECT_EQ(story->status_of("A"), CodeStatus::expired);
}

// --- users -----------------------------------------------------------------------------------------------------------

TEST(Disabling, EndsTokensAndSessionsAtOnceAndBlocksOpenCodes) {
  auto story = given(a_device("ada", "A") + std::vector{a_code("ada", "B")});
  story.when(disable("ada")).then({user_disabled, token_revoked, session_ended});
  EXPECT_FALSE(story->the_activation("A")->token_live(story->now));
  EXPECT_TRUE(story->the_activation("A")->device_live());
  story.when(redeem("B", "tablet")).refused(RefusalCode::code_not_redeemable, Reason::user_disabled);
  EXPECT_EQ(story->status_of("B"), CodeStatus::open);
}

TEST(Enabling, UnblocksCodesAndRevivesNothing) {
  auto story = given(a_device("ada", "A") + std::vector{a_code("ada", "B"), disable("ada")});
  story.when(enable("ada")).then({user_enabled});
  EXPECT_FALSE(story->the_activation("A")->token_live(story->now));
  EXPECT_FALSE(story->the_activation("A")->session_live(story->now));
  story.when(redeem("A", "again")).refused(RefusalCode::code_not_redeemable, Reason::code_used);
  story.when(redeem("B", "tablet")).then(activated);
}

TEST(Reset, RevokesOpenAndUsedCodesWithWhatTheyBroughtAndGivesNoNewOne) {
  auto story = given(a_device("ada", "A") + std::vector{a_code("ada", "B"), a_user("bob"), a_code("bob", "C")});
  story.when(admin(ResetUsers{{user("ada")}}))
      .then({user_reset, registration_code_revoked, token_revoked, session_ended, device_revoked,
             registration_code_revoked});
  EXPECT_EQ(story->status_of("A"), CodeStatus::revoked);
  EXPECT_EQ(story->status_of("B"), CodeStatus::revoked);
  EXPECT_EQ(story->status_of("C"), CodeStatus::open);
  EXPECT_TRUE(story->the_user("ada").codes.empty());
  story.when(admin(ResetUsers{{user("ada")}})).then_nothing();
}

TEST(Reset, OfOneUserNamedTwiceHappensOnce) {
  given(an_open_code())
      .when(admin(ResetUsers{{user("ada"), user("ada")}}))
      .then({user_reset, registration_code_revoked});
}

TEST(Reset, OfMoreThanOneCommandHoldsIsDoneByFurtherOnes) {
  Ledger ledger;
  const std::vector<std::string> names{"ada", "bob", "eve"};
  for (const auto& name : names) {
    a_user(name)(ledger);
    for (int i = 0; i < 100; ++i) {
      const auto each = name + std::to_string(i);
      ASSERT_FALSE(a_code(name, each)(ledger).refusal);
      ASSERT_FALSE(redeem(each, each)(ledger).refusal);
    }
  }
  for (int i = 100; i < 200; ++i) {  // ada alone makes 901 events
    ASSERT_FALSE(a_code("ada", "ada" + std::to_string(i))(ledger).refusal);
    ASSERT_FALSE(redeem("ada" + std::to_string(i), "ada" + std::to_string(i))(ledger).refusal);
  }
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(a_code("ada", "open" + std::to_string(i))(ledger).refusal);
  EXPECT_EQ(reset_events(ledger.the_user("ada")), 901u);

  ResetUsers command{{user("ada"), user("bob"), user("eve")}};
  std::uint64_t revoked = 0;
  std::size_t commands = 0, resets = 0;
  while (!command.ids.empty() && ++commands < 10) {
    const auto decision = ledger.run(command, ledger.as(Role::admin));
    ASSERT_FALSE(decision.refusal());
    EXPECT_LE(ledger.last().types.size(), most_reset_events);
    resets += static_cast<std::size_t>(std::ranges::count(ledger.last().types, user_reset));
    revoked += decision.result().codes_revoked;
    command = {decision.result().left, decision.result().begun};
  }
  EXPECT_EQ(revoked, 500u);
  EXPECT_EQ(commands, 4u);
  for (const auto& name : names) EXPECT_TRUE(ledger.the_user(name).codes.empty()) << name;
  EXPECT_EQ(resets, names.size());
}

TEST(Renaming, ToTheNameThatADeviceHasChangesNothing) {
  auto story = given(a_device("ada", "A"));
  story.when(admin(RenameDevice{{activation("A")}, {}, 1, true})).then_nothing();
  EXPECT_EQ(story->the_activation("A")->device_version, 1u);
  story.when(admin(RenameDevice{{activation("A")}, {}, 1})).then({device_renamed});
  story.when(admin(RenameDevice{{activation("A")}, {}, 1, true})).refused(RefusalCode::version_mismatch);
}

TEST(Redeeming, TheKeyThatADeviceNamesIsItsTokens) {
  auto drawn = drawn_activation("A");
  drawn.key_thumbprint = digest_of("thumbprint");
  auto story = given(an_open_code());
  story.when(admin(RedeemCode{digest_of("code A"), story->slot(), drawn})).then(activated);
  EXPECT_EQ(story->the_activation("A")->key_thumbprint, digest_of("thumbprint"));
}

TEST(Erasing, LeavesNothingThatLeadsToThePerson) {
  auto story = given(a_device("ada", "A") + std::vector{a_code("ada", "B"), reserve("B", "T"), disable("ada")});
  story.when(erase("ada")).then({user_erased});
  for (const auto& name : {"email ada", "login ada", "code A", "code B", "token A", "ticket T"})
    EXPECT_FALSE(story->state().find(digest_of(name))) << name;
  EXPECT_FALSE(story->state().user(story->account, user("ada")));
  EXPECT_FALSE(story->state().locate_code(story->account, code("A")));
  EXPECT_FALSE(story->state().locate_activation(story->account, activation("A")));
  EXPECT_EQ(story->the_account().users, 0u);
  EXPECT_EQ(story->the_account().open_codes, 0u);
  story.when(a_user("ada")).then({user_created});  // the address is free again
}

TEST(Import, CreatesUpdatesAndLeavesAloneAndCanBeRepeated) {
  Ledger ledger;
  a_user("ada")(ledger);
  ImportUsers import;
  import.rows.push_back({user("ada again"), profile("ada", false, " the second"), 2, user("ada"), 1});
  import.rows.push_back({user("bob"), profile("bob"), 3});
  const auto first = ledger.run(import, ledger.as(Role::admin)).result();
  EXPECT_EQ(first.updated, 1u);
  EXPECT_EQ(first.created, 1u);
  const auto again = ledger.run(import, ledger.as(Role::admin)).result();
  EXPECT_EQ(again.unchanged, 2u);
  EXPECT_EQ(again.created + again.updated, 0u);
  EXPECT_EQ(ledger.the_account().users, 2u);
}

TEST(Import, ARowThatStandsTwiceIsCreatedOnce) {
  Ledger ledger;
  ImportUsers import;
  import.rows = {{user("b1"), profile("bob"), 2},
                 {user("b2"), profile("bob"), 3},
                 { user("b3"),
                   profile("bob", true),
                   4 }};
  const auto result = ledger.run(import, ledger.as(Role::admin)).result();
  EXPECT_EQ(result.created, 1u);
  EXPECT_EQ(result.unchanged, 1u);
  EXPECT_EQ(result.updated, 0u);
  ASSERT_EQ(result.refused.size(), 1u) << "what the second says is to be merged with the first";
  EXPECT_EQ(result.refused[0].line, 4u);
  EXPECT_EQ(result.refused[0].refusal.code, RefusalCode::version_mismatch);
  import.rows.push_back({user("b4"), profile("bob", true), 5, user("b1"), 1});
  EXPECT_EQ(ledger.run(import, ledger.as(Role::admin)).result().updated, 1u);
  EXPECT_EQ(ledger.the_account().users, 1u);
  EXPECT_EQ(ledger.the_account().mfa_users, 1u);
}

ImportedUsers import_of(Ledger& ledger, ImportUsers::Row row) {
  ImportUsers import;
  import.rows.push_back(std::move(row));
  return ledger.run(import, ledger.as(Role::admin)).result();
}

void expect_to_be_merged_again(const ImportedUsers& result) {
  EXPECT_EQ(result.created + result.updated + result.unchanged, 0u);
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].refusal.code, RefusalCode::version_mismatch);
}

TEST(Import, DoesNotWriteOverAUserWhoseAddressHasChangedMeanwhile) {
  Ledger ledger;
  a_user("ada")(ledger);
  a_code("ada", "A")(ledger);
  disable("ada")(ledger);
  ledger.run(UpdateUser{user("ada"), profile("countess"), 2}, ledger.as(Role::admin));
  const auto before = ledger.the_user("ada");
  expect_to_be_merged_again(import_of(ledger, {user("new"), profile("ada", false, "2"), 2, user("ada"), 2}));
  expect_to_be_merged_again(import_of(ledger, {user("ada"), profile("ada", false, "2"), 2}));
  EXPECT_EQ(ledger.the_user("ada"), before);
  EXPECT_EQ(import_of(ledger, {user("new"), profile("ada", false, "2"), 2}).created, 1u);
}

TEST(Import, DoesNotBringBackAUserThatWasErasedMeanwhile) {
  Ledger ledger;
  for (const auto& step : {a_user("ada"), disable("ada"), erase("ada")}) step(ledger);
  expect_to_be_merged_again(import_of(ledger, {user("new"), profile("ada", false, "2"), 2, user("ada"), 2}));
  EXPECT_EQ(ledger.the_account().users, 0u);
}

TEST(Import, DoesNotRevertWhatChangedMeanwhile) {
  Ledger ledger;
  for (const auto& step : {a_user("ada"), turn_mfa("ada", true)}) step(ledger);
  expect_to_be_merged_again(import_of(ledger, {user("new"), profile("ada", false, "2"), 2, user("ada"), 1}));
  EXPECT_TRUE(ledger.the_user("ada").mfa_configured);
  EXPECT_EQ(import_of(ledger, {user("new"), profile("ada", true, "2"), 2, user("ada"), 2}).updated, 1u);
}

TEST(GenerateForNewUsers, GivesEachUserThatNeverHadOneACodeAndASecondCallNothing) {
  GenerateForNewUsers all{{uuid_of("op")}, {user("ada"), user("bob"), user("eve"), user("off")}, {}};
  for (const auto* name : {"1", "2", "3", "4"}) all.drawn.push_back(drawn_code(name));
  auto story = given({a_user("ada"), a_user("bob"), a_user("eve", true), a_user("off"), disable("off"),
                      a_code("bob", "B"), revoke("B")});
  story.when(admin(all)).then({registration_code_generated});
  EXPECT_EQ(story->the_user("ada").codes.size(), 1u);
  story.when(admin(all)).then_nothing();
  const auto result = story->run(all, story->as(Role::admin)).result();
  EXPECT_EQ(result.with_mfa, std::vector{user("eve")});
  EXPECT_EQ(result.skipped, 3u);
}

// --- devices, tokens, sessions ---------------------------------------------------------------------------------------

TEST(Device, RevokingItEndsTokenAndSession) {
  auto story = given(a_device("ada", "A"));
  const auto revoking = admin(RevokeDevice{{activation("A")}});
  story.when(revoking).then({token_revoked, session_ended, device_revoked});
  story.when(revoking).then_nothing();
  EXPECT_EQ(story->status_of("A"), CodeStatus::used);
}

TEST(Token, EndingItEndsTheSessionAndTheOtherWayRound) {
  for (const auto& end : {admin(RevokeToken{{activation("A")}}), admin(EndSession{{activation("A")}}),
                          admin(EndUserSessions{user("ada")})}) {
    auto story = given(a_device("ada", "A"));
    story.when(end).then({token_revoked, session_ended});
    EXPECT_TRUE(story->the_activation("A")->device_live());
    story.when(end).then_nothing();
  }
}

TEST(Token, ItsBearerMayRevokeItAndAnUnknownOneIsNoRefusal) {
  auto story = given(a_device("ada", "A"));
  const auto revoking = [](const char* name) {
    return [=](Ledger& l) { return l.happens(RevokeBearer{digest_of(name)}, l.nobody()); };
  };
  story.when(revoking("token B")).then_nothing();
  story.when(revoking("code A")).then_nothing();
  story.when(revoking("token A")).then({token_revoked, session_ended});
  story.when(revoking("token A")).then_nothing();
}

TEST(Token, ExpiresAsThePolicyOfItsActivationSaid) {
  auto story = given(std::vector{a_policy([](Provisioning& p) { p.access_token_validity_seconds = 3600; })} +
                     a_device("ada", "A") +
                     std::vector{a_policy([](Provisioning& p) { p.access_token_validity_seconds = 7200; })});
  const SweepExpired sweep{{{user("ada"), party(TokenId{activation("A")})}}};
  story->now += 3'599'999;
  EXPECT_TRUE(story->the_activation("A")->token_live(story->now));
  story.when(system(sweep)).then_nothing();
  story->now += 1;
  EXPECT_FALSE(story->the_activation("A")->token_live(story->now));
  story.when(system(sweep)).then({token_expired, session_ended});
  story.when(system(sweep)).then_nothing();
}

TEST(Session, LastUseIsNotedOnlyForwards) {
  auto story = given(a_device("ada", "A"));
  const auto seen = [&](UnixMs at) { return system(TouchSessions{{{user("ada"), {activation("A")}, at}}}); };
  story.when(seen(story->now + 1000)).then({session_seen});
  story.when(seen(story->now + 1000)).then_nothing();
  story.when(seen(story->now + 500)).then_nothing();
  story.when(admin(EndSession{{activation("A")}})).then({token_revoked, session_ended});
  story.when(seen(story->now + 2000)).then_nothing();
}

TEST(NewEpoch, RevokesOpenCodesAndEndsConnectionsUnlessTheyAreKept) {
  const auto past = a_device("ada", "A") + std::vector{a_code("ada", "B")};
  given(past)
      .when(system(BeginEpoch{{user("ada")}, false}))
      .then({registration_code_revoked, token_revoked, session_ended});
  auto kept = given(past);
  kept.when(system(BeginEpoch{{user("ada")}, true})).then({registration_code_revoked});
  EXPECT_TRUE(kept->the_activation("A")->token_live(kept->now));
}

}  // namespace
}  // namespace countersign::domain
