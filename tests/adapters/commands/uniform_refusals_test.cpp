// Refusals of one endpoint do the same look-ups and the same crypto, in the same order, whatever is wrong: in the
// decision, in what is written of it, and when it is only counted.

#include "bus/operation_trace.h"
#include "tests/adapters/commands/desk.h"

namespace countersign::commands {
namespace {

using test::Desk;

/// A code's past, and what is typed afterwards.
struct Past {
  const char* what;
  std::function<void(Desk&, domain::UserId, const domain::GeneratedCodes::Item&)> lived;
};

domain::Digest a_ticket(const Desk& desk, const std::string& text) {
  return desk.lookup.digest(keys::LookupKind::activation_ticket, text);
}

domain::ReserveCode reservation(const Desk& desk, const domain::GeneratedCodes::Item& code, const std::string& ticket) {
  return {digest_of_code(desk.lookup, code.text), domain::slot_of(desk.account), a_ticket(desk, ticket)};
}

void turn_mfa_on(Desk& desk, domain::UserId user) {
  domain::Personal personal;
  personal.email = "ada@example.com";
  const auto version = desk.published.reader().user(desk.account, user)->version;
  const auto profile = make_profile(desk.lookup, desk.account, personal, true);
  ASSERT_TRUE(desk.run(desk.as_admin(), domain::UpdateUser{user, profile, version}).ok());
}

const std::vector<Past>& pasts() {
  static const std::vector<Past> all = {
      {"unknown", [](auto&, auto, const auto&) {}},
      {"used", [](auto& desk, auto, const auto& code) { desk.run(desk.from(9), desk.redemption(code.text)); }},
      {"expired", [](auto& desk, auto, const auto&) { desk.now += 8 * domain::day_ms; }},
      {"expired and swept",
       [](auto& desk, auto user, const auto& code) {
         desk.now += 8 * domain::day_ms;
         auto system = desk.as_system();
         system.context.account = desk.account;
         desk.run(system, domain::SweepExpired{{{user, domain::party(code.id)}}});
       }},
      {"revoked", [](auto& desk, auto, const auto& code) { desk.run(desk.as_admin(), domain::RevokeCode{code.id}); }},
      {"used and revoked",
       [](auto& desk, auto, const auto& code) {
         desk.run(desk.from(9), desk.redemption(code.text));
         desk.run(desk.as_admin(), domain::RevokeCode{code.id});
       }},
      {"blocked", [](auto& desk, auto user, const auto&) { desk.run(desk.as_admin(), domain::SetUserDisabled{user}); }},
      {"reserved", [](auto& desk, auto, const auto& code) { desk.run(desk.from(9), reservation(desk, code, "T")); }},
      {"with MFA", [](auto& desk, auto user, const auto&) { turn_mfa_on(desk, user); }},
      {"suspended",
       [](auto& desk, auto, const auto&) {
         desk.run(desk.as_root(), domain::SetAccountStatus{desk.account, true});
       }},
      {"erased", [](auto& desk, auto user, const auto&) {
         desk.run(desk.as_admin(), domain::SetUserDisabled{user});
         desk.run(desk.as_admin(), domain::EraseUser{user});
         ASSERT_FALSE(desk.key_store().erase_subject(desk.account, user));
       }}};
  return all;
}

/// Letters of one refusal; the second of a source in its minute is only counted.
template <class Command>
std::vector<std::string> traces_of(Desk& desk, const Command& command, const char* what, std::string& detail) {
  std::vector<std::string> traces;
  for (const std::size_t events : {1u, 0u}) {
    const bus::OperationTrace trace;
    const auto outcome = desk.run(desk.from(1), command);
    EXPECT_TRUE(outcome.refusal) << what;
    if (!outcome.refusal) return {};
    if (detail.empty()) detail = outcome.refusal->detail;
    EXPECT_EQ(outcome.refusal->detail, detail) << what;
    EXPECT_EQ(desk.events, events) << what;
    traces.push_back(trace.letters());
  }
  return traces;
}

template <class Attempt>
void expect_uniform(Attempt attempt) {
  std::vector<std::string> expected;
  std::string detail;
  for (const auto& past : pasts()) {
    Desk desk;
    const auto user = desk.a_user("ada");
    auto code = desk.a_code(user);
    past.lived(desk, user, code);
    if (std::string_view(past.what) == "unknown") code.text = "AAAAAAAAAAAA";
    const auto traces = traces_of(desk, attempt(desk, code), past.what, detail);
    if (expected.empty()) expected = traces;
    EXPECT_EQ(traces, expected) << past.what;
  }
  ASSERT_EQ(expected.size(), 2u);
  for (const char letter : {'D', 'U', 'A', 's', 'e', 'k'})
    EXPECT_NE(expected[0].find(letter), std::string::npos) << "the trace is blind: " << expected[0];
  EXPECT_EQ(expected[1].find('e'), std::string::npos) << "a counted refusal seals nothing";
}

TEST(UniformRefusals, OfRedemptionsInOneStep) {
  expect_uniform([](Desk& desk, const auto& code) { return desk.redemption(code.text); });
}

TEST(UniformRefusals, OfReservations) {
  expect_uniform([](Desk& desk, const auto& code) { return reservation(desk, code, "U"); });
}

TEST(UniformRefusals, OfTickets) {
  expect_uniform([](Desk& desk, const auto& code) {
    return domain::ActivateDevice{a_ticket(desk, "U"), domain::slot_of(desk.account), desk.redemption(code.text).drawn};
  });
}

}  // namespace
}  // namespace countersign::commands
