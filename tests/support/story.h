#pragma once
// Sentences over a Ledger: given(a_user("ada"), a_code("ada", "A")).when(redeem("A", "phone")).then({...}), or
// .refused(code). A step is a command by somebody, or time that passes.

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/ledger.h"

namespace countersign::testing {

using Step = std::function<Happened(Ledger&)>;

template <class Command>
Step by(domain::Role role, Command command) {
  return [=](Ledger& ledger) { return ledger.happens(command, ledger.as(role)); };
}
template <class Command>
Step admin(Command command) {
  return by(domain::Role::admin, std::move(command));
}
template <class Command>
Step root(Command command) {
  return [=](Ledger& ledger) { return ledger.happens(command, ledger.as_root()); };
}
template <class Command>
Step system(Command command) {
  return [=](Ledger& ledger) { return ledger.happens(command, ledger.as_system()); };
}
inline Step later(domain::UnixMs ms) {
  return [=](Ledger& ledger) {
    ledger.now += ms;
    return Happened{};
  };
}

// --- What people do --------------------------------------------------------------------------------------------------

inline domain::Profile profile(const std::string& name, bool mfa = false, const std::string& version = "") {
  domain::Profile out;
  out.personal.first_name = name + version;
  out.personal.email = name + "@example.com";
  out.email = digest_of("email " + name);
  out.login_name = digest_of("login " + name);
  out.content = digest_of("content " + name + version + (mfa ? " mfa" : ""));
  out.mfa_configured = mfa;
  return out;
}
inline Step a_user(const std::string& name, bool mfa = false) {
  return admin(domain::CreateUser{user(name), profile(name, mfa)});
}
inline Step turn_mfa(const std::string& name, bool on) {
  return [=](Ledger& ledger) {
    const auto version = ledger.the_user(name).version;
    return ledger.happens(domain::UpdateUser{user(name), profile(name, on), version}, ledger.as(domain::Role::admin));
  };
}
inline domain::DrawnCode drawn_code(const std::string& name) {
  return {code(name), digest_of("code " + name), "AA22222" + name};
}
inline Step a_code(const std::string& user_name, const std::string& code_name) {
  return admin(domain::GenerateCodes{{user(user_name)}, 1, {drawn_code(code_name)}});
}
inline domain::DrawnActivation drawn_activation(const std::string& device) {
  domain::DrawnActivation drawn;
  drawn.id = activation(device);
  drawn.token = digest_of("token " + device);
  drawn.device.device_name = device;
  return drawn;
}
inline Step redeem(const std::string& code_name, const std::string& device) {
  return [=](Ledger& ledger) {
    return ledger.happens(domain::RedeemCode{digest_of("code " + code_name), ledger.slot(), drawn_activation(device)},
                          ledger.nobody());
  };
}
inline Step reserve(const std::string& code_name, const std::string& ticket) {
  return [=](Ledger& ledger) {
    return ledger.happens(
        domain::ReserveCode{digest_of("code " + code_name), ledger.slot(), digest_of("ticket " + ticket)},
        ledger.nobody());
  };
}
inline Step activate(const std::string& ticket, const std::string& device) {
  return [=](Ledger& ledger) {
    return ledger.happens(
        domain::ActivateDevice{digest_of("ticket " + ticket), ledger.slot(), drawn_activation(device)},
        ledger.nobody());
  };
}
inline Step disable(const std::string& name) {
  return admin(domain::SetUserDisabled{user(name), true});
}
inline Step enable(const std::string& name) {
  return admin(domain::SetUserDisabled{user(name), false});
}
inline Step erase(const std::string& name) {
  return admin(domain::EraseUser{user(name)});
}
inline Step revoke(const std::string& name) {
  return admin(domain::RevokeCode{code(name)});
}
inline domain::AuthenticatorSettings authenticator_settings(
    const std::string& name, domain::AuthenticatorType type = domain::AuthenticatorType::hotp) {
  domain::AuthenticatorSettings settings;
  settings.type = type;
  settings.period = type == domain::AuthenticatorType::totp ? 30 : 0;
  settings.codes = type == domain::AuthenticatorType::recovery_codes ? 10 : 0;
  settings.content = digest_of("content " + name);
  settings.texts.name = name;
  return settings;
}
inline Step enrol(const std::string& user_name, const std::string& name,
                  domain::AuthenticatorType type = domain::AuthenticatorType::hotp) {
  return admin(
      domain::EnrolAuthenticator{user(user_name), authenticator(name), authenticator_settings(name, type), {}, true});
}
inline Step replace(const std::string& user_name, const std::string& former, const std::string& name) {
  return admin(domain::EnrolAuthenticator{user(user_name), authenticator(name), authenticator_settings(name),
                                          authenticator(former), true});
}
inline domain::Role who_uses(domain::OtpFlow flow) {
  return flow == domain::OtpFlow::verify ? domain::Role::gateway : domain::Role::operator_;
}
/// Its message's channel.
inline domain::Channel channel_of(domain::AuthenticatorType type) {
  if (type == domain::AuthenticatorType::ocra) return domain::Channel::none;
  return type == domain::AuthenticatorType::email ? domain::Channel::email : domain::Channel::sms;
}
inline domain::IssueChallenge a_challenge(const std::string& user_name, const std::string& name,
                                          const std::string& challenge_name, domain::Channel channel) {
  domain::IssueChallenge issue{user(user_name), authenticator(name), challenge(challenge_name), channel, {},
                               300'000,         {30'000, 5}};
  if (channel == domain::Channel::none) issue.texts.detail = "12345678";
  return issue;
}
/// By an operator, without a limit.
inline Step ask(const std::string& user_name, const std::string& name, const std::string& challenge_name) {
  return [=](Ledger& ledger) {
    const auto type = ledger.the_authenticator(user_name, name).type;
    auto issue = a_challenge(user_name, name, challenge_name, channel_of(type));
    issue.limits = {0, 0};
    return ledger.happens(issue, ledger.as(domain::Role::operator_));
  };
}
inline Step begin_delivery(const std::string& user_name, const std::string& name, const std::string& challenge_name) {
  return system(domain::BeginDelivery{user(user_name), authenticator(name), challenge(challenge_name)});
}
inline Step end_delivery(const std::string& user_name, const std::string& name, const std::string& challenge_name,
                         domain::Delivery outcome, domain::Reason reason = domain::Reason::none) {
  return system(domain::EndDelivery{user(user_name), authenticator(name), challenge(challenge_name), outcome, reason});
}
/// A one-time password that belongs to this counter of the authenticator as it is.
inline Step use_otp(const std::string& user_name, const std::string& name, std::uint64_t counter,
                    domain::OtpFlow flow = domain::OtpFlow::verify) {
  return [=](Ledger& ledger) {
    const auto a = ledger.the_authenticator(user_name, name);
    return ledger.happens(
        domain::UseOtp{user(user_name), flow, a.id, {{a.id, a.version, true, counter, 0, a.challenge.id}}},
        ledger.as(who_uses(flow)));
  };
}
/// One that belongs to no counter.
inline Step use_wrong_otp(const std::string& user_name, const std::string& name,
                          domain::OtpFlow flow = domain::OtpFlow::verify) {
  return [=](Ledger& ledger) {
    const auto a = ledger.the_authenticator(user_name, name);
    return ledger.happens(domain::UseOtp{user(user_name), flow, a.id, {{a.id, a.version, false, 0, 0, a.challenge.id}}},
                          ledger.as(who_uses(flow)));
  };
}
inline Step change(const std::string& name, domain::AuthenticatorAction action, bool force = false) {
  return admin(domain::ChangeAuthenticator{authenticator(name), action, force});
}
/// A user with an active authenticator.
inline std::vector<Step> an_authenticator(const std::string& user_name, const std::string& name,
                                          domain::AuthenticatorType type = domain::AuthenticatorType::hotp) {
  std::vector<Step> steps{a_user(user_name), enrol(user_name, name, type)};
  if (domain::answers_challenges(type)) steps.push_back(ask(user_name, name, "to confirm"));
  steps.push_back(use_otp(user_name, name, 0, domain::OtpFlow::confirm));
  return steps;
}
inline Step a_licence(const std::string& name, std::uint32_t activations = 10,
                      std::optional<std::uint32_t> max_reactivations = {},
                      domain::LicenceType type = domain::LicenceType::mdl) {
  return admin(domain::CreateLicence{licence(name),
                                     name,
                                     digest_of("serial " + name),
                                     type,
                                     domain::AuthenticatorType::hotp,
                                     {activations, max_reactivations}});
}
inline Step register_device(const std::string& user_name, const std::string& name, const std::string& licence_name,
                            domain::LicenceType type = domain::LicenceType::mdl) {
  domain::BeginRegistration begin;
  begin.user = user(user_name);
  begin.id = authenticator(name);
  begin.serial = digest_of("serial " + licence_name);
  begin.type = type;
  begin.message = digest_of("message " + name);
  begin.force = true;
  return admin(begin);
}
inline Step add_device(const std::string& name, const std::string& device = "device", bool valid = true) {
  return by(domain::Role::gateway, domain::AddDevice{authenticator(name), valid, digest_of("device code " + device)});
}
inline Step sign(const std::string& name, const std::string& device = "device", bool matches = true) {
  return by(domain::Role::gateway,
            domain::CompleteRegistration{authenticator(name), digest_of("device code " + device), matches});
}
/// A user with an active authenticator that came by this licence.
inline std::vector<Step> a_registered_device(const std::string& user_name, const std::string& name,
                                             const std::string& licence_name) {
  return {register_device(user_name, name, licence_name), add_device(name), sign(name)};
}
inline domain::ImportHardwareTokens import_of(const std::string& name, std::uint64_t counter = 0,
                                              std::uint16_t period = 0) {
  domain::ImportHardwareTokens::Row row{hardware_token(name), {}, 2};
  row.settings.serial_number = name;
  row.settings.serial = digest_of("token " + name);
  row.settings.content = digest_of("token " + name + " " + std::to_string(counter) + " " + std::to_string(period));
  row.settings.counter = counter;
  row.settings.period = period;
  return {{uuid_of("import")}, {row}};
}
inline Step a_hardware_token(const std::string& name, std::uint64_t counter = 0, std::uint16_t period = 0) {
  return admin(import_of(name, counter, period));
}
inline Step assign(const std::string& name, const std::string& user_name, bool active = true) {
  return admin(domain::AssignHardwareToken{hardware_token(name), user(user_name), {}, {}, active, true});
}
inline Step unassign(const std::string& name) {
  return admin(domain::UnassignHardwareToken{hardware_token(name), true});
}
inline Step retire_token(const std::string& name) {
  return admin(domain::RetireHardwareToken{hardware_token(name)});
}
inline Step delete_token(const std::string& name) {
  return admin(domain::DeleteHardwareToken{hardware_token(name)});
}
inline domain::SiemDestinationSettings destination_settings(const std::string& name) {
  domain::SiemDestinationSettings settings;
  settings.traits.protocol = domain::fb::SiemProtocol::webhook;
  settings.traits.content = digest_of("content " + name);
  settings.traits.secret = uuid_of("secret " + name);
  settings.personal.name = name;
  return settings;
}
inline Step a_destination(const std::string& name, std::optional<std::uint64_t> start = {}) {
  return admin(domain::CreateSiemDestination{destination(name), destination_settings(name), start});
}
inline Step pause(const std::string& name, bool paused = true) {
  return admin(domain::SetSiemDestinationPaused{destination(name), paused});
}
inline Step suspend() {
  return [](Ledger& ledger) {
    return ledger.happens(domain::SetAccountStatus{ledger.account, true}, ledger.as_root());
  };
}
inline Step a_policy(const std::function<void(domain::Provisioning&)>& change, bool mail = true) {
  return [=](Ledger& ledger) {
    auto wanted = ledger.the_account().provisioning;
    change(wanted);
    return ledger.happens(domain::ChangeProvisioning{domain::ProvisioningChange::to(wanted), mail},
                          ledger.as(domain::Role::admin));
  };
}
/// A user with `device` activated by a code of the same name.
inline std::vector<Step> a_device(const std::string& user_name, const std::string& device) {
  return {a_user(user_name), a_code(user_name, device), redeem(device, device)};
}

// --- The sentence ----------------------------------------------------------------------------------------------------

class Scenario {
 public:
  explicit Scenario(const std::vector<Step>& past) : ledger_(std::make_shared<Ledger>()) {
    for (const auto& step : past) {
      const auto happened = step(*ledger_);
      EXPECT_FALSE(happened.refusal) << "the past was refused: " << happened.refusal->detail;
    }
  }
  Scenario& when(const Step& step) {
    last_ = step(*ledger_);
    return *this;
  }
  Scenario& then(const std::vector<domain::EventType>& events) {
    EXPECT_FALSE(last_.refusal) << last_.refusal->detail;
    EXPECT_EQ(last_.types, events);
    return *this;
  }
  Scenario& then_nothing() { return then({}); }
  Scenario& refused(domain::RefusalCode code, domain::Reason reason = domain::Reason::none) {
    EXPECT_TRUE(last_.refusal) << "it was not refused";
    if (last_.refusal) {
      EXPECT_EQ(text_of(last_.refusal->code), text_of(code)) << last_.refusal->detail;
    }
    EXPECT_EQ(last_.reasons.empty() ? domain::Reason::none : last_.reasons.front(), reason);
    return *this;
  }
  const domain::Refusal& refusal() const { return *last_.refusal; }
  Ledger* operator->() { return ledger_.get(); }

 private:
  std::shared_ptr<Ledger> ledger_;
  Happened last_;
};

inline std::vector<Step> operator+(std::vector<Step> first, const std::vector<Step>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}
inline Scenario given(const std::vector<Step>& past) {
  return Scenario(past);
}

}  // namespace countersign::testing
