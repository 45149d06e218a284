// Property test: whatever people do in whatever order, the state stays sound, and whatever is repeated at once has no
// second effect. Seeded: a failure names its seed and step.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "tests/support/invariants.h"
#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void step() {
    ledger_.now += static_cast<UnixMs>(below(4) == 0 ? random_() % (2 * day_ms) : random_() % 60'000);
    const auto [name, act, repeatable] = any_command();
    SCOPED_TRACE(name);
    const auto first = act(ledger_);
    if (first.refusal || first.types.empty() || !repeatable) return;
    const auto before = state_without_refusals();
    const auto again = act(ledger_);
    if (!again.refusal) {
      EXPECT_TRUE(again.types.empty()) << "repeated, it did it again";
    }
    EXPECT_TRUE(state_without_refusals() == before) << "repeated, it changed something";
  }
  Ledger& ledger() { return ledger_; }

 private:
  struct Command {
    const char* name;
    Step act;
    bool repeatable = true;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::string one_of(const std::vector<std::string>& names) { return names.empty() ? "?" : names[below(names.size())]; }
  std::string recent(const std::vector<std::string>& names) {
    if (names.size() < 9 || below(3) == 0) return one_of(names);
    return names[names.size() - 1 - below(8)];
  }
  std::string fresh(std::vector<std::string>& names, const char* kind) {
    names.push_back(kind + std::to_string(names.size()));
    return names.back();
  }

  Account state_without_refusals() const {
    auto account = ledger_.the_account();
    account.last_sequence = 0;
    return account;
  }

  /// Somebody who is there, seldom nobody.
  UserId person() {
    std::vector<UserId> there;
    for (const auto& [key, row] : ledger_.overlay().rows())
      if (key.view()[0] == 'U' && encoded(row)) there.push_back(UserId{uuid_from(key.view().substr(17))});
    std::ranges::sort(there);
    return there.empty() || below(12) == 0 ? user("nobody") : there[below(there.size())];
  }
  UserId new_person() { return user("person" + std::to_string(drawn_++)); }

  Step create() { return admin(CreateUser{new_person(), profile(one_of(names_), below(5) == 0)}); }
  Step generate() {
    GenerateCodes command{{person()}, static_cast<std::uint32_t>(below(8) == 0 ? 60 : 1 + below(3)), {}};
    if (below(3) == 0) command.users.push_back(person());
    for (std::size_t i = 0; i < command.users.size() * command.codes_per_user; ++i)
      command.drawn.push_back(drawn_code(fresh(codes_, "code")));
    return admin(command);
  }
  Step generate_for_new() {
    GenerateForNewUsers command{{uuid_of("op" + std::to_string(random_()))}, {}, {}};
    for (int i = 0; i < 4; ++i) {
      command.users.push_back(person());
      command.drawn.push_back(drawn_code(fresh(codes_, "code")));
    }
    return admin(command);
  }
  Command import() {
    ImportUsers command;
    for (const auto& name : names_)
      if (below(2)) {
        ImportUsers::Row row{new_person(), profile(name, below(6) == 0, std::to_string(below(3))), 1};
        const auto entry = ledger_.state().find(row.profile.email);
        if (const auto user = entry ? ledger_.state().user(ledger_.account, entry->user) : nullptr) {
          row.merged_from = user->id;
          row.merged_version = user->version - (below(8) == 0);
        }
        command.rows.push_back(std::move(row));
      }
    // A row that was refused may find its name free when another row of the chunk has let it go.
    const auto dry = decide(static_cast<const State&>(ledger_.state()), ledger_.as(Role::admin), command);
    return {"import", admin(command), !dry.refusal() && dry.result().refused.empty()};
  }
  Step sweep() {
    SweepExpired command;
    for (const auto& [key, row] : ledger_.overlay().rows()) {
      if (key.view()[0] != 'X' || !encoded(row)) continue;
      const auto due = projections::parse_expiry_key(key);
      if (due.time <= ledger_.now) command.due.push_back({UserId{uuid_from(*encoded(row))}, due.object});
    }
    return system(command);
  }
  Step update() {
    const auto id = person();
    const auto row = ledger_.state().user(ledger_.account, id);
    auto wanted = profile(one_of(names_), below(4) == 0, std::to_string(random_()));
    if (row && below(8)) wanted.email = row->email;
    if (below(4) == 0) wanted.login_name = {};
    return admin(UpdateUser{id, wanted, row ? row->version : 0});
  }
  Step policy() {
    Provisioning wanted;
    wanted.method = below(6) == 0 ? fb::Method::invitation_email : fb::Method::registration_code;
    wanted.code_validity_value = static_cast<std::uint32_t>(below(9));
    wanted.access_token_validity_seconds = below(2) * below(1'000'000);
    wanted.session_lifetime_seconds = below(2) * below(1'000'000);
    return admin(ChangeProvisioning{ProvisioningChange::to(wanted), true});
  }
  Step suspend_or_resume() {
    const bool suspended = !ledger_.the_account().suspended && below(4) == 0;
    return [=](Ledger& l) { return l.happens(SetAccountStatus{l.account, suspended}, l.as_root()); };
  }
  Step new_key() {
    const auto name = fresh(keys_, "key");
    return admin(CreateApiKey{{api_key(name), digest_of("key " + name)},
                              name,
                              below(2) ? Role::admin : Role::siem,
                              below(2) ? 0 : ledger_.now + static_cast<UnixMs>(below(day_ms))});
  }
  Step rename() {
    const auto device = recent(devices_);
    const auto found = ledger_.the_activation(device);
    return admin(RenameDevice{{activation(device)}, {}, found ? found->device_version : 1});
  }
  Step touch() {
    TouchSessions command;
    for (int i = 0; i < 3; ++i) {
      const auto id = activation(recent(devices_));
      const auto located = ledger_.state().locate_activation(ledger_.account, id);
      command.seen.push_back({located ? located->user : UserId{}, {id}, ledger_.now});
    }
    return system(command);
  }
  Step bearer() {
    const auto digest = digest_of("token " + recent(devices_));
    return [=](Ledger& l) { return l.happens(RevokeBearer{digest}, l.nobody()); };
  }
  Step rescue() {
    const auto name = fresh(keys_, "key");
    return [=](Ledger& l) {
      return l.happens(RescueAccount{l.account, {api_key(name), digest_of("key " + name)}}, l.as_root());
    };
  }

  Command destination_command() {
    const auto name = below(3) ? recent(destinations_) : fresh(destinations_, "destination");
    const auto id = destination(name);
    const auto row = ledger_.state().siem_destination(ledger_.account, id);
    switch (below(7)) {
      case 0: return {"pause destination", pause(name, below(2) == 0)};
      case 1: return {"delete destination", admin(DeleteSiemDestination{id})};
      case 2: return {"rewind destination", admin(RewindSiemDestination{id, below(500)}), false};
      case 3: {
        const auto wanted = destination_settings(std::to_string(below(4)));
        return {"update destination", admin(UpdateSiemDestination{id, wanted, row ? row->version : 1})};
      }
      case 4: {
        const auto up_to = row ? row->start + below(500) : 0;
        return {"report export", system(RecordExport{id, 5, up_to, 0, row ? row->begun_by - below(2) : 0}), false};
      }
      default: return {"create destination", a_destination(name, below(2) ? std::optional(below(500)) : std::nullopt)};
    }
  }

  Command authenticator_command() {
    using enum AuthenticatorAction;
    const auto name = below(3) ? recent(authenticators_) : fresh(authenticators_, "authenticator");
    const auto id = authenticator(name);
    const auto located = ledger_.state().locate_authenticator(ledger_.account, id);
    const auto user = located ? ledger_.state().user(ledger_.account, located->user) : nullptr;
    if (!user) {
      const auto type = static_cast<AuthenticatorType>(std::array{1, 2, 3, 4, 5, 6, 8}[below(7)]);
      auto settings = authenticator_settings(name, type);
      if (below(3) == 0) settings.expires_at = ledger_.now + static_cast<UnixMs>(below(9 * day_ms));
      return {"enrol", admin(EnrolAuthenticator{person(), id, settings, {}, below(2) == 0})};
    }
    const auto& one = *user->authenticator(id);
    constexpr AuthenticatorAction changes[] = {disable, enable, retire, report_compromised, remove};
    if (answers_challenges(one.type) && below(2) == 0) return challenge_command(*user, one);
    switch (below(6)) {
      case 0: return {"change authenticator", change(name, changes[below(std::size(changes))], below(2) == 0)};
      case 1: {
        const auto other = fresh(authenticators_, "authenticator");
        return {"replace authenticator",
                admin(EnrolAuthenticator{user->id, authenticator(other), authenticator_settings(other), id, true})};
      }
      case 2: {
        const auto expires_at = below(2) ? 0 : ledger_.now + static_cast<UnixMs>(below(9 * day_ms));
        const auto settings = authenticator_settings(std::to_string(below(4)));
        return {"edit authenticator",
                admin(EditAuthenticator{id, settings.texts, settings.content, expires_at, one.version})};
      }
      case 3: return {"unlock", admin(UnlockUser{user->id})};
      default: {
        const auto flow = static_cast<OtpFlow>(below(4));
        const auto counter = one.codes > 0 ? below(12) : one.next + below(4) - 1;
        const UseOtp use{
            user->id, flow, id, {{id, one.version - below(8) / 7, below(3) != 0, counter, 0, one.challenge.id}}};
        return {"use otp", by(who_uses(flow), use), false};
      }
    }
  }

  /// About a challenge, and the message that it may have.
  Command challenge_command(const User& user, const Authenticator& one) {
    const auto newest = one.challenge.id;
    const auto id = newest && below(6) ? newest : challenge("former");
    switch (below(5)) {
      case 0:
      case 1: {
        constexpr Channel channels[] = {Channel::none, Channel::sms, Channel::email};
        IssueChallenge issue{user.id, one.id, challenge(std::to_string(drawn_++)), channels[below(3)]};
        issue.life_ms = 1 + static_cast<UnixMs>(below(100'000));
        issue.limits = {static_cast<UnixMs>(below(60'000)), static_cast<std::uint32_t>(below(7))};
        return {"issue challenge", by(below(2) ? Role::gateway : Role::operator_, issue)};
      }
      case 2: return {"begin delivery", system(BeginDelivery{user.id, one.id, id})};
      default: {
        constexpr Delivery outcomes[] = {Delivery::queued, Delivery::sent, Delivery::delivered, Delivery::undelivered};
        return {"end delivery", system(EndDelivery{user.id, one.id, id, outcomes[below(4)], Reason::delivery_refused})};
      }
    }
  }

  /// About somebody's registration, if there is one.
  Command registration_command() {
    const auto name = recent(registrations_);
    const auto user = ledger_.state().user(ledger_.account, person());
    const auto licence_name = "licence" + std::to_string(below(3));
    switch (below(10)) {
      case 0: return {"create licence", a_licence(licence_name, 1 + below(3), max_reactivations())};
      case 1: {
        const auto row = ledger_.state().licence(ledger_.account, licence(licence_name));
        const LicenceTerms terms{static_cast<std::uint32_t>(below(5)), max_reactivations()};
        return {"change licence", admin(ChangeLicence{licence(licence_name), terms, row ? row->version : 1})};
      }
      case 2: return {"delete licence", admin(DeleteLicence{licence(licence_name)})};
      case 3:
      case 4: return {"add device", add_device(name, std::to_string(below(4) / 3), below(4) > 0), false};
      case 5:
      case 6: return {"sign", sign(name, std::to_string(below(4) / 3), below(3) > 0), false};
      case 7: return {"cancel", change(name, AuthenticatorAction::remove, below(2) == 0)};
      default: {
        BeginRegistration begin{.user = user ? user->id : testing::user("nobody"),
                                .id = authenticator(fresh(registrations_, "registration")),
                                .serial = digest_of("serial " + licence_name),
                                .force = below(2) == 0};
        return {"register", admin(begin)};
      }
    }
  }
  Command hardware_token_command() {
    const auto name = "token" + std::to_string(below(4));
    const auto located = ledger_.state().locate_authenticator(ledger_.account, authenticator(name));
    const auto user = located ? ledger_.state().user(ledger_.account, located->user) : nullptr;
    const auto* one = user ? user->authenticator(authenticator(name)) : nullptr;
    switch (below(8)) {
      case 0:
      case 1: return {"import token", a_hardware_token(name, below(2))};
      case 2: return {"delete token", delete_token(name)};
      case 3: return {"retire token", retire_token(name)};
      case 4: return {"unassign token", admin(UnassignHardwareToken{hardware_token(name), below(2) == 0})};
      case 5:
      case 6:
        if (one) {
          const UseOtp use{
              user->id, OtpFlow::verify, one->id, {{one->id, one->version, true, one->next + below(3), 0}}};
          return {"use token", by(Role::gateway, use), false};
        }
        [[fallthrough]];
      default: {
        const auto active = below(2) == 0, force = below(2) == 0;
        return {"assign token", admin(AssignHardwareToken{hardware_token(name), person(), {}, {}, active, force})};
      }
    }
  }
  std::optional<std::uint32_t> max_reactivations() {
    return below(2) ? std::nullopt : std::optional(static_cast<std::uint32_t>(below(3)));
  }

  Command any_command() {
    switch (below(45)) {
      case 0: return {"create", create()};
      case 1: return {"update", update()};
      case 2: return import();
      case 3: return {"disable", admin(SetUserDisabled{person(), true})};
      case 4: return {"enable", admin(SetUserDisabled{person(), false})};
      case 5: return {"erase", below(3) ? admin(SetUserDisabled{person(), true}) : admin(EraseUser{person()})};
      case 6: return {"reset", below(3) ? admin(SetUserDisabled{person(), false}) : admin(ResetUsers{{person()}})};
      case 7: return {"generate for new", generate_for_new()};
      case 8: return {"revoke code", revoke(recent(codes_))};
      case 9: return {"sweep", sweep()};
      case 10: return {"policy", policy()};
      case 11: return {"suspend", suspend_or_resume()};
      case 12: return {"new key", new_key()};
      case 13: return {"revoke key", admin(RevokeApiKey{api_key(one_of(keys_))})};
      case 14: return {"rescue", rescue()};
      case 15: return {"rename", rename()};
      case 16: return {"revoke device", admin(RevokeDevice{{activation(recent(devices_))}})};
      case 17: return {"revoke token", admin(RevokeToken{{activation(recent(devices_))}})};
      case 18: return {"end session", admin(EndSession{{activation(recent(devices_))}})};
      case 19: return {"end sessions", admin(EndUserSessions{person()})};
      case 20: return {"touch", touch()};
      case 21: return {"bearer", bearer()};
      case 22: return {"epoch", below(8) ? touch() : system(BeginEpoch{{person()}, below(2) == 0})};
      case 23: return {"stream", admin(RecordStream{}), false};
      case 24: return {"reserve", reserve(recent(codes_), fresh(tickets_, "ticket"))};
      case 25: return {"activate", activate(recent(tickets_), fresh(devices_, "device"))};
      case 26: return {"download", admin(RecordDownload{}), false};
      case 27: return {"generate", generate()};
      case 28: return destination_command();
      case 30:
      case 31:
      case 32:
      case 33: return authenticator_command();
      case 34:
      case 35:
      case 36:
      case 37: return registration_command();
      case 38:
      case 39:
      case 40: return hardware_token_command();
      case 29: return {"reads", system(RecordReads{1, 2, 3, 4, ledger_.now}), false};
      default: return {"redeem", redeem(recent(codes_), fresh(devices_, "device"))};
    }
  }

  std::mt19937_64 random_;
  Ledger ledger_;
  const std::vector<std::string> names_{"ada", "bob", "eve", "mei"};
  int drawn_ = 0;
  std::vector<std::string> codes_, devices_, tickets_, destinations_, authenticators_, registrations_,
      keys_{"admin", "siem"};
};

void walk(std::uint64_t seed, int steps, int check_every) {
  Walk walk(seed);
  for (int i = 1; i <= steps; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i));
    walk.step();
    if (i % check_every == 0) expect_invariants(walk.ledger());
    if (::testing::Test::HasFailure()) return;
  }
  expect_sound_history(walk.ledger());
  expect_refold_equal(walk.ledger());
}

TEST(RandomWalk, StaysSoundAfterEveryStep) {
  for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) walk(seed, 150, 1);
}

TEST(RandomWalk, StaysSoundAtTheBounds) {
  for (std::uint64_t seed = 1001; seed <= 1002 && !HasFailure(); ++seed) walk(seed, 3000, 100);
}

}  // namespace
}  // namespace countersign::domain
