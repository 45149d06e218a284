#include "domain/device_registration.h"

#include <algorithm>

#include "domain/found_authenticator.h"

namespace countersign::domain {
namespace {

constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);
/// A portal passes on what people read from their devices.
constexpr RoleSet who_passes_on = help_desk | role_bit(Role::gateway);

std::shared_ptr<const Licence> find_licence(const State& state, AccountId account, const Digest& serial) {
  const auto entry = state.find(serial);
  if (!entry || entry->kind != PartyKind::licence || entry->account != account) return nullptr;
  return state.licence(account, LicenceId{entry->id});
}

const Authenticator* under_way(const User& user) {
  const auto it = std::ranges::find_if(user.authenticators, &Authenticator::is_being_registered);
  return it == user.authenticators.end() ? nullptr : &*it;
}

bool has_lapsed(const Authenticator& authenticator, UnixMs now) {
  return effective_status(authenticator, now) == AuthenticatorStatus::expired;
}

using Found = FoundAuthenticator;

std::variant<Found, Refusal> find(const State& state, const Context& context, AuthenticatorId id) {
  const Refusal unknown{RefusalCode::not_found, "There is no such registration."};
  const auto found = find_authenticator(state, context.account, id);
  if (!found || !found->authenticator->licence) return unknown;
  if (!found->authenticator->is_being_registered())
    return Refusal{RefusalCode::state_conflict, "The registration has ended: its device is activated."};
  if (has_lapsed(*found->authenticator, context.now))
    return Refusal{RefusalCode::state_conflict, "The registration has lapsed; begin another one."};
  return *found;
}

/// One that goes on.
std::variant<Found, Refusal> find_for_step(const State& state, const Context& context, AuthenticatorId id) {
  auto looked = find(state, context, id);
  const auto* found = std::get_if<Found>(&looked);
  if (found && found->user->disabled) return Refusal{RefusalCode::user_disabled, "The user is disabled."};
  return looked;
}

NewEvent event_of(EventType type, const Found& found) {
  return {.type = type, .subject = party(found.user->id), .target = party(found.authenticator->id)};
}

Decision<RegistrationStepTaken> failed(const Found& found, RegistrationStep step, Reason reason) {
  fb::RegistrationFailedT payload;
  payload.step = step;
  payload.failures = found.authenticator->registration.failures + 1;
  auto event = event_of(EventType::authenticator_registration_failed, found);
  event.outcome = Outcome::failure;
  event.reason = reason;
  event.payload.Set(payload);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  const auto left = most_registration_failures - std::min(payload.failures, most_registration_failures);
  if (left == 0) remove_authenticator(*found.user, *found.authenticator, Reason::too_many_attempts, events);
  return {RegistrationStepTaken{found.user->id, false, reason, left}, std::move(events)};
}

}  // namespace

Decision<RegistrationBegun> decide(const State& state, const Context& context, const BeginRegistration& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  if (auto refusal = refuse_force(state, context, command.force)) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (!user) return Refusal{RefusalCode::not_found, "There is no such user."};
  if (user->disabled) return Refusal{RefusalCode::user_disabled, "The user is disabled."};
  if (const auto* same = user->authenticator(command.id))
    return RegistrationBegun{same->id, user->id, same->registration.expires_at, {}};
  const auto licence = find_licence(state, context.account, command.serial);
  if (!licence) return Refusal{RefusalCode::not_found, "There is no licence with this serial number."};
  if (licence->type != command.type)
    return Refusal{RefusalCode::state_conflict,
                   "The licence is of type " + std::string(licence_type_text(licence->type)) + "."};
  const auto* lapsed = under_way(*user);
  if (lapsed && !has_lapsed(*lapsed, context.now))
    return Refusal{RefusalCode::state_conflict,
                   "The user has a registration under way: " + RegistrationId{lapsed->id.uuid}.text() + "."};
  const bool returns = lapsed && lapsed->licence == licence->id;
  if (licence->free() == 0 && !returns)
    return Refusal{RefusalCode::licence_exhausted,
                   licence->lost() > 0 ? "License reactivation limit reached." : "License activation limit reached."};
  const auto account = state.account(context.account);
  const auto type = licence->authenticator_type;
  if (auto refusal = refuse_another(*account, *user, type, lapsed, command.force, context.now)) return *refusal;

  Authenticator made{.id = command.id,
                     .type = type,
                     .algorithm = command.algorithm,
                     .digits = command.digits,
                     .period = type == AuthenticatorType::totp ? command.period : std::uint16_t{0},
                     .mfa_exempt = is_mfa_exempt(*account, type),
                     .licence = licence->id,
                     .instance = licence->last_instance + 1,
                     .content = command.content};
  made.registration.expires_at = context.now + registration_lifetime;
  made.registration.message = command.message;
  std::vector<NewEvent> events;
  if (lapsed) remove_authenticator(*user, *lapsed, Reason::expired, events);
  events.push_back(reserved(user->id, made));
  events.push_back(enrolled(user->id, made, command.texts));
  return {RegistrationBegun{made.id, user->id, made.registration.expires_at, lapsed ? lapsed->id : AuthenticatorId{}},
          std::move(events)};
}

Decision<RegistrationStepTaken> decide(const State& state, const Context& context, const AddDevice& command) {
  if (auto refusal = refuse_unless(state, context, who_passes_on)) return *refusal;
  const auto looked = find_for_step(state, context, command.id);
  if (const auto* refusal = std::get_if<Refusal>(&looked)) return *refusal;
  const auto& found = std::get<Found>(looked);
  const auto& registration = found.authenticator->registration;
  if (!command.valid) return failed(found, RegistrationStep::add_device, Reason::device_code_wrong);
  if (registration.device == command.device)
    return RegistrationStepTaken{found.user->id, true, Reason::none,
                                 most_registration_failures - registration.failures};
  if (registration.device != Digest{})
    return Refusal{RefusalCode::state_conflict,
                   "Another device has been added; cancel the registration to begin anew."};
  fb::DeviceAddedT payload;
  payload.device = to_fb(command.device);
  auto event = event_of(EventType::authenticator_device_added, found);
  event.payload.Set(payload);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return {RegistrationStepTaken{found.user->id, true, Reason::none, most_registration_failures}, std::move(events)};
}

Decision<RegistrationStepTaken> decide(const State& state, const Context& context,
                                       const CompleteRegistration& command) {
  if (auto refusal = refuse_unless(state, context, who_passes_on)) return *refusal;
  const auto looked = find_for_step(state, context, command.id);
  if (const auto* refusal = std::get_if<Refusal>(&looked)) return *refusal;
  const auto& found = std::get<Found>(looked);
  const auto& registration = found.authenticator->registration;
  if (registration.device == Digest{}) return Refusal{RefusalCode::state_conflict, "No device has been added yet."};
  if (registration.device != command.device)
    return failed(found, RegistrationStep::activate, Reason::device_code_wrong);
  if (!command.signature_matches) return failed(found, RegistrationStep::activate, Reason::signature_wrong);
  std::vector<NewEvent> events;
  events.push_back(event_of(EventType::authenticator_activated, found));
  return {RegistrationStepTaken{found.user->id, true, Reason::none, most_registration_failures}, std::move(events)};
}

Decision<RegistrationStepTaken> decide(const State& state, const Context& context, const CancelRegistration& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto looked = find(state, context, command.id);
  if (const auto* refusal = std::get_if<Refusal>(&looked)) return *refusal;
  const auto& found = std::get<Found>(looked);
  std::vector<NewEvent> events;
  remove_authenticator(*found.user, *found.authenticator, Reason::by_administrator, events);
  return {RegistrationStepTaken{found.user->id, true, Reason::none, 0}, std::move(events)};
}

}  // namespace countersign::domain
