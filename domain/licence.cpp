#include "domain/licence.h"

#include <algorithm>

#include "domain/user.h"

namespace countersign::domain {
namespace {

constexpr RoleSet administrators = roles(Role::admin);

LicenceTerms terms_of(const Licence& licence) {
  return {licence.activations, licence.max_reactivations};
}

std::uint32_t lost_of(std::uint32_t given_back, const LicenceTerms& terms) {
  if (!terms.max_reactivations || given_back <= *terms.max_reactivations) return 0;
  return given_back - *terms.max_reactivations;
}

}  // namespace

std::uint32_t Licence::lost() const {
  return lost_of(given_back, terms_of(*this));
}

// --- evolve ----------------------------------------------------------------------------------------------------------

void evolve(Licence& licence, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto& clear = event.clear();
  if (const auto* set = clear.payload_as_LicenceSet()) {
    if (event.type() == EventType::licence_created) {
      licence.id = LicenceId{event.target().id};
      licence.serial_number = set->serial_number() ? set->serial_number()->str() : "";
      licence.serial = EventView::to_digest(set->serial());
      licence.type = set->type();
      licence.authenticator_type = set->authenticator_type();
      licence.created_at = event.time();
    }
    licence.activations = set->activations();
    licence.max_reactivations = set->limits_reactivations() ? std::optional(set->max_reactivations()) : std::nullopt;
    ++licence.version;
    licence.updated_at = event.time();
  }
  const auto* activation = clear.payload_as_LicenceActivation();
  if (!activation) return;
  if (event.type() == EventType::licence_activation_reserved) {
    ++licence.used;
    licence.last_instance = activation->instance();
  } else {
    --licence.used;
    licence.given_back += activation->activated();
  }
}

std::string_view licence_type_text(LicenceType type) {
  return type == LicenceType::mdl ? "MDL" : type == LicenceType::sdl ? "SDL" : "";
}

std::optional<LicenceType> parse_licence_type(std::string_view text) {
  for (const auto type : {LicenceType::mdl, LicenceType::sdl})
    if (text == licence_type_text(type)) return type;
  return std::nullopt;
}

std::string instance_serial(const Licence& licence, std::uint32_t instance) {
  if (licence.type == LicenceType::sdl) return licence.serial_number;
  return licence.serial_number + "-" + std::to_string(instance);
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

Refusal not_found() {
  return {RefusalCode::not_found, "There is no such licence."};
}

NewEvent about(LicenceId id, EventType type) {
  return {.type = type, .subject = party(id), .target = party(id)};
}

NewEvent set(EventType type, const Licence& licence) {
  fb::LicenceSetT payload;
  payload.serial_number = licence.serial_number;
  payload.serial = to_fb(licence.serial);
  payload.type = licence.type;
  payload.authenticator_type = licence.authenticator_type;
  payload.activations = licence.activations;
  payload.limits_reactivations = licence.max_reactivations.has_value();
  payload.max_reactivations = licence.max_reactivations.value_or(0);
  auto event = about(licence.id, type);
  event.payload.Set(std::move(payload));
  return event;
}

template <class... Events>
std::vector<NewEvent> just(Events... event) {
  std::vector<NewEvent> events;
  (events.push_back(std::move(event)), ...);
  return events;
}

std::optional<Refusal> refuse_terms(LicenceType type, const LicenceTerms& terms) {
  if (terms.activations == 0 || terms.activations > most_activations)
    return Refusal{RefusalCode::validity_out_of_range,
                   "A licence is for 1 to " + std::to_string(most_activations) + " activations."};
  if (type == LicenceType::sdl && terms.activations != 1)
    return Refusal{RefusalCode::validity_out_of_range, "A licence of type SDL is for 1 activation."};
  return std::nullopt;
}

}  // namespace

Decision<LicenceWritten> decide(const State& state, const Context& context, const CreateLicence& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  if (const auto known = state.licence(context.account, command.id)) return LicenceWritten{known->id, known->version};
  if (auto refusal = refuse_terms(command.type, command.terms)) return *refusal;
  if (state.find(command.serial))
    return Refusal{RefusalCode::licence_taken, "The account has a licence with this serial number."};
  Licence licence;
  licence.id = command.id;
  licence.serial_number = command.serial_number;
  licence.serial = command.serial;
  licence.type = command.type;
  licence.authenticator_type = command.authenticator_type;
  licence.activations = command.terms.activations;
  licence.max_reactivations = command.terms.max_reactivations;
  return {LicenceWritten{command.id, 1}, just(set(EventType::licence_created, licence))};
}

Decision<LicenceWritten> decide(const State& state, const Context& context, const ChangeLicence& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  const auto licence = state.licence(context.account, command.id);
  if (!licence) return not_found();
  if (licence->version != command.expected_version)
    return Refusal{RefusalCode::version_mismatch, "The licence has changed since it was read."};
  if (auto refusal = refuse_terms(licence->type, command.terms)) return *refusal;
  if (command.terms == terms_of(*licence)) return LicenceWritten{licence->id, licence->version};
  const auto lost = lost_of(licence->given_back, command.terms);
  if (licence->used + std::uint64_t{lost} > command.terms.activations)
    return Refusal{RefusalCode::state_conflict, "Of its activations " + std::to_string(licence->used) +
                                                    " are used and " + std::to_string(lost) + " can't be used again."};
  auto changed = *licence;
  changed.activations = command.terms.activations;
  changed.max_reactivations = command.terms.max_reactivations;
  return {LicenceWritten{licence->id, licence->version + 1}, just(set(EventType::licence_updated, changed))};
}

Decision<Done> decide(const State& state, const Context& context, const DeleteLicence& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  const auto licence = state.licence(context.account, command.id);
  if (!licence) return not_found();
  if (licence->used > 0)
    return Refusal{RefusalCode::state_conflict, "Of its activations " + std::to_string(licence->used) +
                                                    " are used; delete these authenticators first."};
  return {Done{}, just(about(command.id, EventType::licence_deleted))};
}

// --- For other aggregates --------------------------------------------------------------------------------------------

namespace {

NewEvent activation_event(EventType type, UserId user, const Authenticator& authenticator) {
  NewEvent event{.type = type, .subject = party(user), .target = party(authenticator.licence)};
  fb::LicenceActivationT payload;
  payload.authenticator = to_fb(authenticator.id.uuid);
  payload.instance = authenticator.instance;
  payload.activated = type == EventType::licence_activation_released && !authenticator.is_being_registered();
  event.payload.Set(payload);
  return event;
}

}  // namespace

NewEvent reserved(UserId user, const Authenticator& authenticator) {
  return activation_event(EventType::licence_activation_reserved, user, authenticator);
}

void release_activation(const User& user, const Authenticator& authenticator, Reason reason,
                        std::vector<NewEvent>& events) {
  if (!authenticator.licence) return;
  auto event = activation_event(EventType::licence_activation_released, user.id, authenticator);
  event.reason = reason;
  events.push_back(std::move(event));
}

}  // namespace countersign::domain
