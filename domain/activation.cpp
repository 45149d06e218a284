#include "domain/activation.h"

#include <algorithm>

#include "domain/account.h"
#include "domain/user.h"

namespace countersign::domain {

UnixMs Activation::ends_at() const {
  if (token_expires_at == 0) return session_expires_at;
  if (session_expires_at == 0) return token_expires_at;
  return std::min(token_expires_at, session_expires_at);
}

// --- evolve ----------------------------------------------------------------------------------------------------------

void evolve(Activation& activation, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  switch (event.type()) {
    case EventType::device_activated:
      activation.id = event.target().id;
      activation.activated_at = event.time();
      activation.device = recorded.seal();
      if (const auto* made = event.clear().payload_as_DeviceActivated())
        activation.code = CodeId{EventView::to_uuid(made->code())};
      break;
    case EventType::device_renamed:
      activation.device = recorded.seal();
      ++activation.device_version;
      break;
    case EventType::device_revoked:
      activation.device_revoked_at = event.time();
      activation.device_reason = event.reason();
      ++activation.device_version;
      break;
    case EventType::token_issued:
      if (const auto* issued = event.clear().payload_as_TokenIssued()) {
        activation.token = EventView::to_digest(issued->digest());
        activation.token_expires_at = issued->expires_at();
        activation.key_thumbprint = EventView::to_digest(issued->key_thumbprint());
      }
      break;
    case EventType::token_revoked:
    case EventType::token_expired:
      activation.token_ended_at = event.time();
      activation.token_reason = event.reason();
      break;
    case EventType::session_started:
      activation.session = recorded.seal();
      activation.session_seen_at = event.time();
      if (const auto* started = event.clear().payload_as_SessionStarted())
        activation.session_expires_at = started->expires_at();
      break;
    case EventType::session_seen:
      if (const auto* seen = event.clear().payload_as_SessionSeen()) activation.session_seen_at = seen->seen_at();
      break;
    case EventType::session_ended:
      activation.session_ended_at = event.time();
      activation.session_reason = event.reason();
      break;
    default: break;
  }
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

NewEvent activation_event(EventType type, const User& user, Party target, const Activation& activation, Reason reason) {
  return {.type = type,
          .subject = party(user.id),
          .target = target,
          .reason = reason,
          .session = activation.session_ended_at == 0 ? activation.session_id() : SessionId{}};
}

struct Found {
  std::shared_ptr<const User> user;
  std::shared_ptr<const Activation> ended;  ///< set when it has left the user's row
  const Activation* activation = nullptr;
};

std::optional<Found> find(const State& state, AccountId account, const Uuid& id) {
  const auto located = state.locate_activation(account, id);
  if (!located) return std::nullopt;
  Found found{state.user(account, located->user), located->ended_activation};
  if (!found.user) return std::nullopt;
  found.activation = found.ended ? found.ended.get() : found.user->activation(id);
  if (!found.activation) return std::nullopt;
  return found;
}

Refusal not_found(const char* what) {
  return {RefusalCode::not_found, std::string("There is no such ") + what + "."};
}

constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);

}  // namespace

void end_connection(const User& user, const Activation& activation, Reason reason, std::vector<NewEvent>& events) {
  if (activation.token_ended_at == 0)
    events.push_back(activation_event(reason == Reason::expired ? EventType::token_expired : EventType::token_revoked,
                                      user, party(activation.token_id()), activation, reason));
  if (activation.session_ended_at == 0)
    events.push_back(
        activation_event(EventType::session_ended, user, party(activation.session_id()), activation, reason));
}

void end_activation(const User& user, const Activation& activation, Reason reason, std::vector<NewEvent>& events) {
  end_connection(user, activation, reason, events);
  if (activation.device_live())
    events.push_back(
        activation_event(EventType::device_revoked, user, party(activation.device_id()), activation, reason));
}

Decision<DeviceWritten> decide(const State& state, const Context& context, const RenameDevice& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto found = find(state, context.account, command.id.uuid);
  if (!found) return not_found("device");
  const auto& device = *found->activation;
  if (!device.device_live()) return Refusal{RefusalCode::state_conflict, "The device has been revoked."};
  if (command.expected_version != device.device_version)
    return Refusal{RefusalCode::version_mismatch, "The device has changed since it was read."};
  if (command.has_name) return DeviceWritten{found->user->id, device.device_version};
  std::vector<NewEvent> events;
  auto renamed = activation_event(EventType::device_renamed, *found->user, party(command.id), device, Reason::none);
  renamed.personal = command.device;
  events.push_back(std::move(renamed));
  return {DeviceWritten{found->user->id, device.device_version + 1}, std::move(events)};
}

Decision<DeviceWritten> decide(const State& state, const Context& context, const RevokeDevice& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto found = find(state, context.account, command.id.uuid);
  if (!found) return not_found("device");
  std::vector<NewEvent> events;
  end_activation(*found->user, *found->activation, Reason::by_administrator, events);
  return {DeviceWritten{found->user->id, found->activation->device_version + (events.empty() ? 0 : 1)},
          std::move(events)};
}

namespace {

Decision<Ends> end_one(const State& state, const Context& context, const Uuid& id, const char* what) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto found = find(state, context.account, id);
  if (!found) return not_found(what);
  std::vector<NewEvent> events;
  end_connection(*found->user, *found->activation, Reason::by_administrator, events);
  return {Ends{found->user->id, events.empty() ? 0u : 1u}, std::move(events)};
}

}  // namespace

Decision<Ends> decide(const State& state, const Context& context, const RevokeToken& command) {
  return end_one(state, context, command.id.uuid, "token");
}

Decision<Ends> decide(const State& state, const Context& context, const EndSession& command) {
  return end_one(state, context, command.id.uuid, "session");
}

Decision<Ends> decide(const State& state, const Context&, const RevokeBearer& command) {
  const auto entry = state.find(command.token);
  const auto found = entry && entry->kind == PartyKind::token ? find(state, entry->account, entry->id) : std::nullopt;
  if (!found) return Ends{};
  std::vector<NewEvent> events;
  end_connection(*found->user, *found->activation, Reason::by_bearer, events);
  for (auto& event : events) event.account = entry->account;
  return {Ends{found->user->id, events.empty() ? 0u : 1u}, std::move(events)};
}

Decision<Ends> decide(const State& state, const Context& context, const EndUserSessions& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (!user) return not_found("user");
  std::vector<NewEvent> events;
  Ends result{user->id};
  for (const auto& activation : user->activations) {
    if (activation.session_ended_at == 0) ++result.sessions;
    end_connection(*user, activation, Reason::by_administrator, events);
  }
  return {result, std::move(events)};
}

Decision<Ends> decide(const State& state, const Context& context, const TouchSessions& command) {
  std::vector<NewEvent> events;
  for (const auto& seen : command.seen) {
    const auto user = state.user(context.account, seen.user);
    const auto* activation = user ? user->activation(seen.session.uuid) : nullptr;
    if (!activation || activation->session_ended_at != 0 || seen.at <= activation->session_seen_at) continue;
    auto event = activation_event(EventType::session_seen, *user, party(seen.session), *activation, Reason::none);
    fb::SessionSeenT payload;
    payload.seen_at = seen.at;
    event.payload.Set(payload);
    events.push_back(std::move(event));
  }
  return {Ends{}, std::move(events)};
}

}  // namespace countersign::domain
