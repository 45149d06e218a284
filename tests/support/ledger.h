#pragma once
// A log in memory for one account, so that tests of decisions read given(...).when(command).then(events): commands run
// through domain::decide, their events are encoded and folded by the reducers that every reader uses, so the state that
// the next command sees is the real one. Only seals are fake: the personal part stands in clear behind a word.
//
// Names stand for things: user("ada"), code("A"), device("phone"); id and digest follow from the name.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/device_registration.h"
#include "domain/hardware_token.h"
#include "domain/record.h"
#include "domain/slot.h"
#include "domain/user.h"
#include "projections/reducers.h"

namespace countersign::testing {

/// Nothing on disk.
class NoRows : public projections::RowStore {
 public:
  std::optional<std::string> get(std::string_view) const override { return std::nullopt; }
};

domain::Digest digest_of(std::string_view name);
domain::Uuid uuid_of(std::string_view name);
inline domain::UserId user(std::string_view name) {
  return {uuid_of("user " + std::string(name))};
}
inline domain::CodeId code(std::string_view name) {
  return {uuid_of("code " + std::string(name))};
}
inline domain::Uuid activation(std::string_view name) {
  return uuid_of("activation " + std::string(name));
}
inline domain::AuthenticatorId authenticator(std::string_view name) {
  return {uuid_of("authenticator " + std::string(name))};
}
inline domain::ChallengeId challenge(std::string_view name) {
  return {uuid_of("challenge " + std::string(name))};
}
inline domain::LicenceId licence(std::string_view name) {
  return {uuid_of("licence " + std::string(name))};
}
inline domain::HardwareTokenId hardware_token(std::string_view name) {
  return {authenticator(name).uuid};
}
inline domain::SiemDestinationId destination(std::string_view name) {
  return {uuid_of("destination " + std::string(name))};
}
inline domain::ApiKeyId api_key(std::string_view name) {
  return {uuid_of("key " + std::string(name))};
}

/// How a command ended, without its result.
struct Happened {
  std::vector<domain::EventType> types;
  std::vector<domain::Reason> reasons;
  std::optional<domain::Refusal> refusal;
};

class Ledger {
 public:
  /// The system account and the account "Example" with a key of every role, named after it.
  Ledger();

  domain::UnixMs now = 1'790'000'000'000;
  const domain::AccountId account{uuid_of("account Example")};
  std::uint16_t slot() const { return domain::slot_of(account); }

  domain::Context as(domain::Role role) const;
  domain::Context as_root() const;
  domain::Context as_system() const;
  domain::Context nobody() const;  ///< a source without a key: redemptions

  /// Decides at `now`, and folds the events that the decision made.
  template <class Command>
  auto run(const Command& command, domain::Context context) {
    context.now = now;
    auto decision = decide(static_cast<const domain::State&>(state_), context, command);
    last_ = {};
    if (decision.refusal()) last_.refusal = *decision.refusal();
    for (const auto& event : decision.events) {
      last_.types.push_back(event.type);
      last_.reasons.push_back(event.reason);
    }
    record(std::move(decision.events), context);
    return decision;
  }
  template <class Command>
  Happened happens(const Command& command, const domain::Context& context) {
    run(command, context);
    return last_;
  }

  /// Of the last command.
  const Happened& last() const { return last_; }
  const projections::ViewState& state() const { return state_; }
  const projections::Overlay& overlay() const { return overlay_; }
  /// Bytes of every event so far, in order.
  const std::vector<std::string>& events() const { return events_; }

  domain::Account the_account() const { return *state_.account(account); }
  domain::User the_user(std::string_view name) const { return *state_.user(account, user(name)); }
  /// Of a user of this name.
  domain::Authenticator the_authenticator(std::string_view user_name, std::string_view name) const {
    return *the_user(user_name).authenticator(authenticator(name));
  }
  domain::Licence the_licence(std::string_view name) const { return *state_.licence(account, licence(name)); }
  domain::HardwareToken the_hardware_token(std::string_view name) const {
    return *state_.hardware_token(account, hardware_token(name));
  }
  domain::SiemDestination the_destination(std::string_view name) const {
    return *state_.siem_destination(account, destination(name));
  }
  domain::CodeStatus status_of(std::string_view code_name) const;
  std::optional<domain::Activation> the_activation(std::string_view name) const;

 private:
  void record(std::vector<domain::NewEvent> events, const domain::Context& context);

  NoRows nothing_;
  projections::Overlay overlay_;
  projections::ViewState state_;
  std::vector<std::string> events_;
  Happened last_;
};

}  // namespace countersign::testing
