#include "domain/siem_destination.h"

#include <algorithm>
#include <string>

namespace countersign::domain {

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

SiemDestinationTraits traits_of(const fb::SiemDestinationSet& set) {
  return {set.protocol(),
          set.format(),
          set.tls(),
          set.checkpoints(),
          EventView::to_digest(set.content()),
          EventView::to_uuid(set.secret())};
}

void begin(SiemDestination& destination, std::uint64_t start, std::uint64_t by) {
  destination.begun_by = by;
  destination.start = destination.reported = start;
}

}  // namespace

void evolve(SiemDestination& destination, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto change = [&] {
    ++destination.version;
    destination.updated_at = event.time();
  };
  switch (event.type()) {
    case EventType::siem_destination_created:
      destination.id = SiemDestinationId{event.target().id};
      destination.created_at = event.time();
      [[fallthrough]];
    case EventType::siem_destination_updated:
      change();
      destination.configuration = recorded.seal();
      if (const auto* set = event.clear().payload_as_SiemDestinationSet()) {
        destination.traits = traits_of(*set);
        if (event.type() == EventType::siem_destination_created) begin(destination, set->start(), event.sequence());
      }
      break;
    case EventType::siem_destination_paused:
    case EventType::siem_destination_resumed:
      change();
      destination.paused = event.type() == EventType::siem_destination_paused;
      break;
    case EventType::siem_destination_rewound:
      if (const auto* rewound = event.clear().payload_as_SiemDestinationRewound())
        begin(destination, rewound->start(), event.sequence());
      break;
    case EventType::siem_destination_exported:
      // A report about what was sent before a rewind says nothing about what has been sent since.
      if (const auto* exported = event.clear().payload_as_SiemDestinationExported())
        if (exported->begun_by() == destination.begun_by)
          destination.reported = std::max(destination.reported, exported->up_to());
      break;
    default: break;
  }
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

NewEvent about(SiemDestinationId id, EventType type) {
  return {.type = type, .subject = party(id), .target = party(id)};
}

NewEvent set(SiemDestinationId id, EventType type, const SiemDestinationSettings& settings, std::uint64_t start) {
  auto event = about(id, type);
  fb::SiemDestinationSetT payload;
  payload.protocol = settings.traits.protocol;
  payload.format = settings.traits.format;
  payload.tls = settings.traits.tls;
  payload.checkpoints = settings.traits.checkpoints;
  payload.content = to_fb(settings.traits.content);
  payload.secret = to_fb(settings.traits.secret);
  payload.start = start;
  event.payload.Set(payload);
  event.personal = settings.personal;
  return event;
}

std::vector<NewEvent> just(NewEvent event) {
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return events;
}

Refusal no_such_destination() {
  return {RefusalCode::not_found, "There is no such SIEM destination."};
}

}  // namespace

Decision<Done> decide(const State& state, const Context& context, const CreateSiemDestination& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  if (state.siem_destination(context.account, command.id)) return Done{};
  const auto account = state.account(context.account);
  if (account->siem_destinations >= most_siem_destinations)
    return Refusal{RefusalCode::too_many_destinations,
                   "An account has at most " + std::to_string(most_siem_destinations) + " SIEM destinations."};
  const auto start = std::min(command.start.value_or(account->last_sequence), account->last_sequence);
  return {Done{}, just(set(command.id, EventType::siem_destination_created, command.settings, start))};
}

Decision<Done> decide(const State& state, const Context& context, const UpdateSiemDestination& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto destination = state.siem_destination(context.account, command.id);
  if (!destination) return no_such_destination();
  if (destination->traits == command.settings.traits) return Done{};
  if (destination->version != command.version)
    return Refusal{RefusalCode::version_mismatch, "It has changed since it was read: please read it again."};
  return {Done{}, just(set(command.id, EventType::siem_destination_updated, command.settings, destination->start))};
}

Decision<Done> decide(const State& state, const Context& context, const SetSiemDestinationPaused& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto destination = state.siem_destination(context.account, command.id);
  if (!destination) return no_such_destination();
  if (destination->paused == command.paused) return Done{};
  const auto type = command.paused ? EventType::siem_destination_paused : EventType::siem_destination_resumed;
  return {Done{}, just(about(command.id, type))};
}

Decision<SiemDestinationDeleted> decide(const State& state, const Context& context,
                                        const DeleteSiemDestination& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto destination = state.siem_destination(context.account, command.id);
  if (!destination) return no_such_destination();
  return {SiemDestinationDeleted{destination->traits.secret},
          just(about(command.id, EventType::siem_destination_deleted))};
}

Decision<Done> decide(const State& state, const Context& context, const RewindSiemDestination& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto destination = state.siem_destination(context.account, command.id);
  if (!destination) return no_such_destination();
  const auto account = state.account(context.account);
  auto event = about(command.id, EventType::siem_destination_rewound);
  fb::SiemDestinationRewoundT payload;
  payload.start = std::min(command.start, account->last_sequence);
  event.payload.Set(payload);
  return {Done{}, just(std::move(event))};
}

}  // namespace countersign::domain
