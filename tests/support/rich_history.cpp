#include "tests/support/rich_history.h"

#include <future>
#include <optional>
#include <random>
#include <stdexcept>

#include "adapters/keys/key_store.h"
#include "adapters/keys/log_identity.h"
#include "bus/acceptance.h"
#include "bus/embedded_log.h"
#include "tests/support/story.h"

namespace countersign::testing {
namespace {

/// Draws what happens next. Refusals are part of life: their events are kept, too.
class Chance {
 public:
  Chance(std::uint64_t seed, Ledger& ledger) : random_(seed), ledger_(ledger) {}

  void happen() {
    ledger_.now += static_cast<domain::UnixMs>(below(40) == 0 ? 8 * domain::day_ms : below(20'000'000));
    const auto who = "person" + std::to_string(below(people));
    const auto device = "device" + std::to_string(below(devices_ + 1));
    const auto code = "code" + std::to_string(below(codes_ + 1));
    switch (below(19)) {
      case 0:
      case 1: a_user(who)(ledger_); break;
      case 2:
      case 3:
      case 4: a_code(who, "code" + std::to_string(++codes_))(ledger_); break;
      case 5:
      case 6:
      case 7:
        redeem("code" + std::to_string(codes_ - below(codes_ + 1)), "device" + std::to_string(++devices_))(ledger_);
        break;
      case 8: reserve("code" + std::to_string(codes_), "ticket" + std::to_string(++tickets_))(ledger_); break;
      case 9: activate("ticket" + std::to_string(tickets_), "device" + std::to_string(++devices_))(ledger_); break;
      case 10: disable(who)(ledger_); break;
      case 11: enable(who)(ledger_); break;
      case 12: turn_mfa_of(who); break;
      case 13: revoke(code)(ledger_); break;
      case 14: happens(domain::RevokeDevice{{activation(device)}}); break;
      case 15: happens(domain::RevokeToken{{activation(device)}}); break;
      case 16: rename_and_touch(); break;
      case 17: reset_or_erase(who); break;
      default: sweep(who); break;
    }
    if (below(25) == 0) api_keys_and_policy();
    if (below(15) == 0) a_destinations_life();
    if (below(4) == 0) an_authenticators_life(who);
    if (below(6) == 0) a_registrations_life(who);
    if (below(6) == 0) a_hardware_tokens_life(who);
  }

 private:
  static constexpr std::size_t people = 12;
  std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }
  template <class Command>
  void happens(Command command) {
    ledger_.happens(command, ledger_.as(domain::Role::admin));
  }
  const domain::User* person(const std::string& who) {
    found_ = ledger_.state().user(ledger_.account, user(who));
    return found_.get();
  }
  void turn_mfa_of(const std::string& who) {
    if (person(who)) turn_mfa(who, below(3) == 0)(ledger_);
  }
  void rename_and_touch() {
    domain::TouchSessions touch;
    std::optional<domain::Activation> renamed;
    for (std::size_t i = 0; i < people; ++i) {
      const auto* known = person("person" + std::to_string(i));
      if (!known) continue;
      for (const auto& each : known->activations) touch.seen.push_back({known->id, each.session_id(), ledger_.now});
      if (!known->activations.empty()) renamed = known->activations.front();
    }
    ledger_.happens(touch, ledger_.as_system());
    if (!renamed) return;
    domain::Personal name;
    name.device_name = "renamed";
    happens(domain::RenameDevice{renamed->device_id(), name, renamed->device_version, false});
  }
  void reset_or_erase(const std::string& who) {
    if (!person(who)) return;
    if (below(3) != 0) return happens(domain::ResetUsers{{user(who)}, false});
    happens(domain::SetUserDisabled{user(who), true});
    happens(domain::EraseUser{user(who)});
  }
  void sweep(const std::string& who) {
    const auto* known = person(who);
    if (!known) return;
    domain::SweepExpired sweep;
    for (const auto& each : known->codes) sweep.due.push_back({known->id, domain::party(each.id)});
    for (const auto& each : known->activations) sweep.due.push_back({known->id, domain::party(each.token_id())});
    for (const auto& each : known->authenticators) sweep.due.push_back({known->id, domain::party(each.id)});
    ledger_.happens(sweep, ledger_.as_system());
    if (below(4) == 0) happens(domain::EndUserSessions{known->id});
  }
  void api_keys_and_policy() {
    const auto name = "key" + std::to_string(++keys_);
    happens(domain::CreateApiKey{{api_key(name), digest_of(name)}, name, domain::Role::auditor, 0});
    if (below(2) == 0) happens(domain::RevokeApiKey{api_key(name)});
    a_policy([&](domain::Provisioning& policy) {
      policy.code_validity_value = static_cast<std::uint32_t>(1 + below(7));
      policy.access_token_validity_seconds = below(2) * 3 * 86'400;
    })(ledger_);
    suspend()(ledger_);
    ledger_.happens(domain::SetAccountStatus{ledger_.account, false}, ledger_.as_root());
  }

  void an_authenticators_life(const std::string& who) {
    using enum domain::AuthenticatorAction;
    const auto* known = person(who);
    if (!known) return;
    if (known->authenticators.size() < 3) {
      const auto name = "authenticator" + std::to_string(++authenticators_);
      constexpr domain::AuthenticatorType types[] = {domain::AuthenticatorType::totp, domain::AuthenticatorType::hotp,
                                                     domain::AuthenticatorType::sms, domain::AuthenticatorType::ocra};
      enrol(who, name, types[below(std::size(types))])(ledger_);
      if (ledger_.last().refusal) return;
      a_challenges_life(who, name);
      if (below(3) != 0) use_otp(who, name, below(2), domain::OtpFlow::confirm)(ledger_);
      return;
    }
    const auto one = known->authenticators[below(known->authenticators.size())];
    const auto flow = below(2) == 0 ? domain::OtpFlow::verify : domain::OtpFlow::reset;
    const domain::UseOtp use{
        known->id, flow, one.id, {{one.id, one.version, below(3) != 0, one.next + below(3) - 1, 1, one.challenge.id}}};
    constexpr domain::AuthenticatorAction changes[] = {disable, retire, report_compromised, remove};
    const auto change =
        one.status == domain::AuthenticatorStatus::disabled ? enable : changes[below(std::size(changes))];
    switch (below(4)) {
      case 0: ledger_.happens(use, ledger_.as(who_uses(flow))); break;
      case 1: happens(domain::ChangeAuthenticator{one.id, change, below(2) == 0}); break;
      case 2: {
        const auto settings = authenticator_settings("edit" + std::to_string(below(9)));
        const auto expires_at = below(2) == 0 ? 0 : ledger_.now + 9 * domain::day_ms;
        happens(domain::EditAuthenticator{one.id, settings.texts, settings.content, expires_at, one.version});
        break;
      }
      default: happens(domain::UnlockUser{known->id}); break;
    }
  }

  void a_challenges_life(const std::string& who, const std::string& name) {
    if (!domain::answers_challenges(ledger_.the_authenticator(who, name).type)) return;
    using enum domain::Delivery;
    const auto asked = "challenge of " + name;
    ask(who, name, asked)(ledger_);
    for (const auto outcome : {queued, below(2) == 0 ? sent : undelivered, delivered}) {
      begin_delivery(who, name, asked)(ledger_);
      if (below(2) == 0) end_delivery(who, name, asked, outcome, domain::Reason::delivery_unknown)(ledger_);
    }
  }

  void a_registrations_life(const std::string& who) {
    const auto* known = person(who);
    if (!known) return;
    const auto name = "licence" + std::to_string(below(2));
    if (const auto standing = ledger_.state().licence(ledger_.account, licence(name)); !standing)
      a_licence(name, static_cast<std::uint32_t>(1 + below(4)))(ledger_);
    else if (below(4) == 0)
      happens(domain::ChangeLicence{
          licence(name), {standing->activations + static_cast<std::uint32_t>(below(3)), {}}, standing->version});
    else if (below(6) == 0 && !a_licence("spare")(ledger_).refusal)
      happens(domain::DeleteLicence{licence("spare")});
    const auto begun = "registered" + std::to_string(++authenticators_);
    register_device(who, begun, name)(ledger_);
    if (ledger_.last().refusal) return;
    if (below(4) > 0) add_device(begun)(ledger_);
    if (below(3) > 0) sign(begun, "device", below(4) > 0)(ledger_);
    if (below(3) == 0) change(begun, domain::AuthenticatorAction::remove, true)(ledger_);
  }

  void a_hardware_tokens_life(const std::string& who) {
    const auto name = "token" + std::to_string(below(5));
    switch (below(7)) {
      case 0:
      case 1: a_hardware_token(name)(ledger_); break;
      case 2:
      case 3: assign(name, who, below(2) == 0)(ledger_); break;
      case 4: unassign(name)(ledger_); break;
      case 5: retire_token(name)(ledger_); break;
      default: delete_token(name)(ledger_); break;
    }
  }

  void a_destinations_life() {
    const auto name = "destination" + std::to_string(below(3));
    a_destination(name)(ledger_);
    const auto row = ledger_.state().siem_destination(ledger_.account, destination(name));
    switch (below(6)) {
      case 0: pause(name, below(2) == 0)(ledger_); break;
      case 1: happens(domain::RewindSiemDestination{row->id, below(50)}); break;
      case 2:
        happens(domain::UpdateSiemDestination{row->id, destination_settings(std::to_string(below(4))), row->version});
        break;
      case 3:
        ledger_.happens(domain::RecordExport{row->id, 5, row->start + below(50), 0, row->begun_by},
                        ledger_.as_system());
        break;
      case 4: happens(domain::DeleteSiemDestination{row->id}); break;
      default: break;
    }
  }

  std::mt19937_64 random_;
  Ledger& ledger_;
  std::size_t codes_ = 0, devices_ = 0, tickets_ = 0, keys_ = 0, authenticators_ = 0;
  std::shared_ptr<const domain::User> found_;
};

void write_log(const std::filesystem::path& directory, const std::vector<RichHistory::Written>& frames) {
  std::filesystem::create_directory(directory);
  const auto keys = keys::KeyStore::open(directory / "keys", keys::create_master_key(directory / "master-key"),
                                         keys::KeyStore::Mode::create_if_missing);
  const auto identity = keys::log_identity(*keys);
  bus::EmbeddedLog log({.directory = (directory / "log").string(), .identity = identity, .reserve_bytes = 0});
  bus::Acceptance acceptance(identity, keys->cluster().log.key.view(), {});
  const auto append = [&](const std::string& record) {
    std::promise<bus::Appended> written;
    log.append(record, [&](bus::Appended appended) { written.set_value(appended); });
    const auto appended = written.get_future().get();
    if (!acceptance.take({appended.offset, record})->has_value()) throw std::logic_error("an own record doesn't count");
  };
  const bus::Nonce nonce{7};
  append(acceptance.codec().encode(bus::Claim{bus::Term{1}, nonce, bus::TimeMs{frames.front().time}, "node", ""}));
  for (const auto& [time, events] : frames) {
    const auto& state = acceptance.state();
    bus::Frame frame{state.term, nonce, bus::next(state.last), state.head, bus::TimeMs{time}, {}, {}};
    frame.events.assign(events.begin(), events.end());
    append(acceptance.codec().encode(frame));
  }
}

}  // namespace

RichHistory::RichHistory(std::uint64_t seed, std::size_t commands) {
  Ledger ledger;
  account = ledger.account;
  std::size_t written = 0;
  const auto note = [&] {
    const auto& events = ledger.events();
    if (events.size() == written) return;
    frames.push_back({ledger.now, {events.begin() + static_cast<std::ptrdiff_t>(written), events.end()}});
    written = events.size();
  };
  note();
  Chance chance(seed, ledger);
  for (std::size_t i = 0; i < commands; ++i) {
    chance.happen();
    note();
  }
  write_log(directory(), frames);
}

}  // namespace countersign::testing
