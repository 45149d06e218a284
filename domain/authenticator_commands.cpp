// What operators do with authenticators.

#include <algorithm>

#include "domain/account.h"
#include "domain/authenticator.h"
#include "domain/found_authenticator.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"
#include "domain/message_under_way.h"

namespace countersign::domain {
namespace {

constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);

Refusal not_found() {
  return {RefusalCode::not_found, "There is no such authenticator."};
}

NewEvent event_of(EventType type, UserId user, AuthenticatorId id, Reason reason = Reason::none) {
  return {.type = type, .subject = party(user), .target = party(id), .reason = reason};
}

bool is_last_active(const User& user, const Authenticator& authenticator, UnixMs now) {
  const auto active = [now](const Authenticator& each) {
    return effective_status(each, now) == AuthenticatorStatus::active;
  };
  return active(authenticator) && std::ranges::count_if(user.authenticators, active) == 1;
}

Refusal last_active() {
  return {RefusalCode::last_authenticator,
          "It is the user's last active authenticator; \"force\": true does it nevertheless."};
}

fb::AuthenticatorSetT payload_of(const Authenticator& a) {
  fb::AuthenticatorSetT payload;
  payload.type = a.type;
  payload.algorithm = a.algorithm;
  payload.digits = a.digits;
  payload.period = a.period;
  payload.counter = a.next;
  payload.drift = a.drift;
  payload.codes = a.codes;
  payload.expires_at = a.expires_at;
  payload.mfa_exempt = a.mfa_exempt;
  payload.content = to_fb(a.content);
  if (a.replaces) payload.replaces = std::make_unique<fb::Uuid>(to_fb(a.replaces.uuid));
  payload.suite = a.suite;
  if (a.licence) {
    payload.licence = std::make_unique<fb::Uuid>(to_fb(a.licence.uuid));
    payload.instance = a.instance;
    payload.registration_expires_at = a.registration.expires_at;
    payload.message = std::make_unique<fb::Digest>(to_fb(a.registration.message));
  }
  return payload;
}

NewEvent set_event(EventType type, UserId user, const Authenticator& authenticator, const Personal& texts) {
  auto event = event_of(type, user, authenticator.id);
  event.payload.Set(payload_of(authenticator));
  event.personal = texts;
  return event;
}

/// How many of the type a user may have; nothing: as many as fit.
std::optional<std::size_t> maximum_of(const Provisioning& policy, std::string_view type) {
  const auto found = std::ranges::find(policy.max_authenticators, type, &AuthenticatorLimit::type);
  if (found == policy.max_authenticators.end()) return std::nullopt;
  return found->maximum;
}

std::optional<Refusal> refuse_too_many(const Provisioning& policy, const User& user, AuthenticatorType type,
                                       AuthenticatorId replaced) {
  std::size_t of_type = 0, all = 0;
  for (const auto& each : user.authenticators) {
    if (each.id == replaced) continue;
    ++all;
    of_type += each.type == type;
  }
  if (const auto limit = maximum_of(policy, any_type); limit && all >= *limit)
    return Refusal{RefusalCode::too_many_authenticators,
                   "The account's policy allows a user " + std::to_string(*limit) + " authenticators."};
  const auto limit = maximum_of(policy, type_text(type));
  if (limit && of_type >= *limit)
    return Refusal{RefusalCode::too_many_authenticators, "The account's policy allows a user " +
                                                             std::to_string(*limit) + " authenticators of type " +
                                                             std::string(type_text(type)) + "."};
  if (all >= most_authenticators || user.authenticators.size() >= most_authenticators)
    return Refusal{RefusalCode::too_many_authenticators,
                   "A user has " + std::to_string(most_authenticators) + " authenticators at most."};
  return std::nullopt;
}

bool is_allowed(const Provisioning& policy, AuthenticatorType type) {
  const auto& allowed = policy.allowed_authenticators;
  return allowed.empty() || std::ranges::find(allowed, type_text(type)) != allowed.end();
}

/// Whoever holds the code, or came in by it, could be somebody else than who gets the authenticator.
bool has_codes_at_large(const User& user, UnixMs now) {
  const auto open = [now](const Code& code) {
    const auto status = effective_status(code, now);
    return status == CodeStatus::open || status == CodeStatus::reserved;
  };
  const auto live = [now](const Activation& activation) { return activation.session_live(now); };
  return std::ranges::any_of(user.codes, open) || std::ranges::any_of(user.activations, live);
}

EventType event_type_of(AuthenticatorAction action) {
  switch (action) {
    case AuthenticatorAction::enable: return EventType::authenticator_enabled;
    case AuthenticatorAction::retire: return EventType::authenticator_retired;
    case AuthenticatorAction::report_compromised: return EventType::authenticator_compromised;
    default: return EventType::authenticator_disabled;
  }
}

std::optional<AuthenticatorStatus> wanted_status(AuthenticatorAction action) {
  switch (action) {
    case AuthenticatorAction::disable: return AuthenticatorStatus::disabled;
    case AuthenticatorAction::enable: return AuthenticatorStatus::active;
    case AuthenticatorAction::retire: return AuthenticatorStatus::obsolete;
    case AuthenticatorAction::report_compromised: return AuthenticatorStatus::compromised;
    default: return std::nullopt;
  }
}

}  // namespace

Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const EnrolAuthenticator& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  if (auto refusal = refuse_force(state, context, command.force)) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (!user) return Refusal{RefusalCode::not_found, "There is no such user."};
  if (user->disabled) return Refusal{RefusalCode::user_disabled, "The user is disabled."};
  if (state.locate_authenticator(context.account, command.id)) return AuthenticatorWritten{command.id, user->id, 1};
  const auto* replaced = command.replaces ? user->authenticator(command.replaces) : nullptr;
  if (command.replaces && !replaced) return not_found();
  if (replaced) {
    const auto status = effective_status(*replaced, context.now);
    if (!may(AuthenticatorAction::replace, replaced->type, status))
      return not_allowed(AuthenticatorAction::replace, replaced->type, status);
  }
  const auto account = state.account(context.account);
  if (auto refusal = refuse_another(*account, *user, command.settings.type, replaced, command.force, context.now))
    return *refusal;
  const auto& settings = command.settings;
  Authenticator made{.id = command.id,
                     .type = settings.type,
                     .algorithm = settings.algorithm,
                     .digits = settings.digits,
                     .period = settings.period,
                     .next = settings.counter,
                     .codes = settings.codes,
                     .expires_at = settings.expires_at,
                     .replaces = command.replaces,
                     .suite = settings.suite,
                     .content = settings.content};
  made.mfa_exempt = is_mfa_exempt(*account, settings.type);
  std::vector<NewEvent> events;
  events.push_back(enrolled(user->id, made, settings.texts));
  if (!replaced || has_to_be_proven(made.type))
    return {AuthenticatorWritten{made.id, user->id, 1, {}}, std::move(events)};
  remove_authenticator(*user, *replaced, Reason::replaced, events);
  return {AuthenticatorWritten{made.id, user->id, 1, replaced->id}, std::move(events)};
}

Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const EditAuthenticator& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto found = find_authenticator(state, context.account, command.id);
  if (!found) return not_found();
  const auto& authenticator = *found->authenticator;
  if (command.expected_version != authenticator.version)
    return Refusal{RefusalCode::version_mismatch, "The authenticator has changed since it was read."};
  const auto status = effective_status(authenticator, context.now);
  if (!may(AuthenticatorAction::edit, authenticator.type, status))
    return not_allowed(AuthenticatorAction::edit, authenticator.type, status);
  if (command.content == authenticator.content && command.expires_at == authenticator.expires_at)
    return AuthenticatorWritten{authenticator.id, found->user->id, authenticator.version};
  auto edited = authenticator;
  edited.content = command.content;
  edited.expires_at = command.expires_at;
  std::vector<NewEvent> events;
  events.push_back(set_event(EventType::authenticator_updated, found->user->id, edited, command.texts));
  return {AuthenticatorWritten{edited.id, found->user->id, edited.version + 1}, std::move(events)};
}

Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const ChangeAuthenticator& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  if (auto refusal = refuse_force(state, context, command.force)) return *refusal;
  const auto found = find_authenticator(state, context.account, command.id);
  if (!found) return not_found();
  const auto& authenticator = *found->authenticator;
  const auto status = effective_status(authenticator, context.now);
  if (status == wanted_status(command.action))
    return AuthenticatorWritten{authenticator.id, found->user->id, authenticator.version};
  if (!may(command.action, authenticator.type, status)) return not_allowed(command.action, authenticator.type, status);
  const bool spares = command.action == AuthenticatorAction::enable ||
                      command.action == AuthenticatorAction::report_compromised || command.force;
  if (!spares && is_last_active(*found->user, authenticator, context.now)) return last_active();
  std::vector<NewEvent> events;
  if (command.action == AuthenticatorAction::remove)
    remove_authenticator(*found->user, authenticator, Reason::by_administrator, events);
  else
    events.push_back(
        event_of(event_type_of(command.action), found->user->id, authenticator.id, Reason::by_administrator));
  return {AuthenticatorWritten{authenticator.id, found->user->id, authenticator.version + 1}, std::move(events)};
}

Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const UnlockUser& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (!user) return Refusal{RefusalCode::not_found, "There is no such user."};
  std::vector<NewEvent> events;
  if (user->lockout.failures > 0) {
    NewEvent event{.type = EventType::authenticator_unlocked, .subject = party(user->id), .target = party(user->id)};
    event.reason = Reason::by_administrator;
    events.push_back(std::move(event));
  }
  return {AuthenticatorWritten{{}, user->id, user->version}, std::move(events)};
}

// --- For other aggregates --------------------------------------------------------------------------------------------

/// What stands in the way can be overcome by administrators only.
std::optional<Refusal> refuse_force(const State& state, const Context& context, bool force) {
  return force ? refuse_unless(state, context, roles(Role::admin)) : std::nullopt;
}

std::optional<Refusal> refuse_another(const Account& account, const User& user, AuthenticatorType type,
                                      const Authenticator* replaced, bool force, UnixMs now) {
  if (!is_allowed(account.provisioning, type))
    return Refusal{RefusalCode::authenticator_type_not_allowed,
                   "The account's policy allows no authenticators of type " + std::string(type_text(type)) + "."};
  const auto id = replaced ? replaced->id : AuthenticatorId{};
  if (auto refusal = refuse_too_many(account.provisioning, user, type, id)) return refusal;
  // Who has a factor already is asked for that, whatever codes there are.
  const bool guarded =
      replaced && !replaced->mfa_exempt && effective_status(*replaced, now) == AuthenticatorStatus::active;
  if (guarded || force || !has_codes_at_large(user, now)) return std::nullopt;
  return Refusal{RefusalCode::codes_at_large,
                 "The user has an open registration code, or a session that one brought; \"force\": true enrols "
                 "nevertheless."};
}

NewEvent enrolled(UserId user, const Authenticator& authenticator, const Personal& texts) {
  return set_event(EventType::authenticator_enrolled, user, authenticator, texts);
}

bool is_mfa_exempt(const Account& account, AuthenticatorType type) {
  const auto& exempt = account.provisioning.mfa_exempt_authenticators;
  return std::ranges::find(exempt, type_text(type)) != exempt.end();
}

void remove_authenticator(const User& user, const Authenticator& authenticator, Reason reason,
                          std::vector<NewEvent>& events) {
  give_up_message(user, authenticator, Reason::challenge_not_open, events);
  events.push_back(event_of(EventType::authenticator_deleted, user.id, authenticator.id, reason));
  release_activation(user, authenticator, reason, events);
  return_hardware_token(user, authenticator, reason, events);
}

void disable_authenticator(const User& user, const Authenticator& authenticator, Reason reason,
                           std::vector<NewEvent>& events) {
  events.push_back(event_of(EventType::authenticator_disabled, user.id, authenticator.id, reason));
}

void expire_authenticator(const User& user, const Authenticator& authenticator, std::vector<NewEvent>& events) {
  if (authenticator.is_being_registered()) return remove_authenticator(user, authenticator, Reason::expired, events);
  events.push_back(event_of(EventType::authenticator_expired, user.id, authenticator.id, Reason::expired));
}

}  // namespace countersign::domain
