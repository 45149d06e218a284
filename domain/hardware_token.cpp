#include "domain/hardware_token.h"

#include <algorithm>
#include <map>

#include "domain/user.h"

namespace countersign::domain {
namespace {

constexpr RoleSet administrators = roles(Role::admin);
constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);

using Status = HardwareTokenStatus;

}  // namespace

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

void take_settings(HardwareToken& token, const EventView& event, const fb::HardwareTokenSet& set) {
  const auto text = [](const flatbuffers::String* from) { return from ? from->str() : std::string(); };
  token.id = HardwareTokenId{event.target().id};
  token.settings.serial_number = text(set.serial_number());
  token.settings.manufacturer = text(set.manufacturer());
  token.settings.serial = EventView::to_digest(set.serial());
  token.settings.content = EventView::to_digest(set.content());
  token.settings.algorithm = set.algorithm();
  token.settings.digits = set.digits();
  token.settings.period = set.period();
  token.settings.counter = token.next = set.counter();
  token.settings.expires_at = set.expires_at();
  token.operation.uuid = EventView::to_uuid(set.operation());
  token.imported_at = event.time();
}

}  // namespace

void evolve(HardwareToken& token, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto& clear = event.clear();
  if (const auto* set = clear.payload_as_HardwareTokenSet()) take_settings(token, event, *set);
  if (const auto* returned = clear.payload_as_HardwareTokenReturned()) {
    token.next = returned->counter();
    token.drift = returned->drift();
  }
  token.user = {};
  if (event.type() == EventType::hardware_token_assigned) {
    token.status = Status::assigned;
    token.user = UserId{event.subject().id};
  } else {
    token.status = event.type() == EventType::hardware_token_retired ? Status::retired : Status::in_stock;
  }
  token.reason = event.reason();
  token.updated_at = event.time();
}

std::string_view status_text(HardwareTokenStatus status) {
  switch (status) {
    case Status::in_stock: return "in_stock";
    case Status::assigned: return "assigned";
    case Status::retired: return "retired";
  }
  return "";
}

std::optional<HardwareTokenStatus> parse_hardware_token_status(std::string_view text) {
  for (const auto status : {Status::in_stock, Status::assigned, Status::retired})
    if (text == status_text(status)) return status;
  return std::nullopt;
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

Refusal not_found() {
  return {RefusalCode::not_found, "There is no such hardware token."};
}

Refusal conflict(std::string detail) {
  return {RefusalCode::state_conflict, std::move(detail)};
}

NewEvent about(HardwareTokenId id, EventType type, Reason reason = Reason::none) {
  return {.type = type, .subject = party(id), .target = party(id), .reason = reason};
}

NewEvent imported(const ImportHardwareTokens::Row& row, OperationId operation) {
  const auto& settings = row.settings;
  fb::HardwareTokenSetT payload;
  payload.serial_number = settings.serial_number;
  payload.manufacturer = settings.manufacturer;
  payload.serial = to_fb(settings.serial);
  payload.content = to_fb(settings.content);
  payload.algorithm = settings.algorithm;
  payload.digits = settings.digits;
  payload.period = settings.period;
  payload.counter = settings.counter;
  payload.expires_at = settings.expires_at;
  payload.operation = to_fb(operation.uuid);
  auto event = about(row.id, EventType::hardware_token_imported);
  event.payload.Set(std::move(payload));
  return event;
}

/// What stands under the row's serial number, as far as it is decided; nothing: it is free.
std::optional<Digest> content_of_known(const State& state, AccountId account, const Digest& serial,
                                       const std::map<Digest, Digest>& taken) {
  if (const auto it = taken.find(serial); it != taken.end()) return it->second;
  const auto entry = state.find(serial);
  if (!entry || entry->kind != PartyKind::hardware_token) return std::nullopt;
  const auto token = state.hardware_token(account, HardwareTokenId{entry->id});
  return token ? std::optional(token->settings.content) : std::nullopt;
}

}  // namespace

Decision<ImportedHardwareTokens> decide(const State& state, const Context& context,
                                        const ImportHardwareTokens& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  ImportedHardwareTokens result;
  std::vector<NewEvent> events;
  std::map<Digest, Digest> taken;
  for (const auto& row : command.rows) {
    const auto known = content_of_known(state, context.account, row.settings.serial, taken);
    if (known && *known == row.settings.content) {
      ++result.unchanged;
    } else if (known) {
      result.refused.push_back(
          {row.line, {RefusalCode::serial_number_taken, "a token with this serial number and other data is there"}});
    } else if (!row.id) {
      result.refused.push_back({row.line, conflict("the token was deleted meanwhile: import it again")});
    } else {
      events.push_back(imported(row, command.operation));
      taken[row.settings.serial] = row.settings.content;
      ++result.created;
    }
  }
  return {std::move(result), std::move(events)};
}

namespace {

std::optional<Refusal> refuse_assignment(const HardwareToken& token, UnixMs now) {
  if (token.status == Status::assigned) return conflict("The token is assigned to another user; unassign it first.");
  if (token.status == Status::retired) return conflict("The token is retired.");
  if (token.settings.expires_at != 0 && token.settings.expires_at <= now) return conflict("The token has expired.");
  return std::nullopt;
}

Authenticator authenticator_of(const HardwareToken& token, const AssignHardwareToken& command, const Account& account) {
  return {.id = token.authenticator(),
          .type = AuthenticatorType::hardware,
          .algorithm = token.settings.algorithm,
          .digits = token.settings.digits,
          .period = token.settings.period,
          .next = token.next,
          .drift = token.drift,
          .mfa_exempt = is_mfa_exempt(account, AuthenticatorType::hardware),
          .expires_at = token.settings.expires_at,
          .content = command.content};
}

}  // namespace

Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const AssignHardwareToken& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  if (auto refusal = refuse_force(state, context, command.force || command.active)) return *refusal;
  const auto token = state.hardware_token(context.account, command.id);
  if (!token) return not_found();
  const auto user = state.user(context.account, command.user);
  if (!user) return Refusal{RefusalCode::not_found, "There is no such user."};
  if (const auto* same = user->authenticator(token->authenticator()))
    return AuthenticatorWritten{same->id, user->id, same->version};
  if (user->disabled) return Refusal{RefusalCode::user_disabled, "The user is disabled."};
  if (auto refusal = refuse_assignment(*token, context.now)) return *refusal;
  const auto account = state.account(context.account);
  if (auto refusal = refuse_another(*account, *user, AuthenticatorType::hardware, nullptr, command.force, context.now))
    return *refusal;
  const auto made = authenticator_of(*token, command, *account);
  std::vector<NewEvent> events;
  events.push_back(
      {.type = EventType::hardware_token_assigned, .subject = party(user->id), .target = party(token->id)});
  events.push_back(enrolled(user->id, made, command.texts));
  if (command.active)
    events.push_back(
        {.type = EventType::authenticator_activated, .subject = party(user->id), .target = party(made.id)});
  return {AuthenticatorWritten{made.id, user->id, command.active ? 2u : 1u}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const UnassignHardwareToken& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto token = state.hardware_token(context.account, command.id);
  if (!token) return not_found();
  if (token->status == Status::retired) return conflict("The token is retired.");
  if (token->status == Status::in_stock) return Done{};
  auto removed =
      decide(state, context, ChangeAuthenticator{token->authenticator(), AuthenticatorAction::remove, command.force});
  if (removed.refusal()) return *removed.refusal();
  return {Done{}, std::move(removed.events)};
}

Decision<Done> decide(const State& state, const Context& context, const RetireHardwareToken& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto token = state.hardware_token(context.account, command.id);
  if (!token) return not_found();
  if (token->status == Status::retired) return Done{};
  std::vector<NewEvent> events;
  if (const auto user = token->user ? state.user(context.account, token->user) : nullptr)
    if (const auto* authenticator = user->authenticator(token->authenticator()))
      remove_authenticator(*user, *authenticator, Reason::hardware_token_lost, events);
  if (std::ranges::find(events, EventType::hardware_token_retired, &NewEvent::type) == events.end())
    events.push_back(about(token->id, EventType::hardware_token_retired, Reason::hardware_token_lost));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const DeleteHardwareToken& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  const auto token = state.hardware_token(context.account, command.id);
  if (!token) return not_found();
  if (token->status == Status::assigned) return conflict("The token is assigned; unassign it first.");
  std::vector<NewEvent> events;
  events.push_back(about(token->id, EventType::hardware_token_deleted, Reason::by_administrator));
  return {Done{}, std::move(events)};
}

// --- For other aggregates --------------------------------------------------------------------------------------------

void return_hardware_token(const User& user, const Authenticator& authenticator, Reason reason,
                           std::vector<NewEvent>& events) {
  if (authenticator.type != AuthenticatorType::hardware) return;
  const HardwareTokenId id{authenticator.id.uuid};
  NewEvent returned{
      .type = EventType::hardware_token_unassigned, .subject = party(user.id), .target = party(id), .reason = reason};
  fb::HardwareTokenReturnedT payload;
  payload.counter = authenticator.next;
  payload.drift = authenticator.drift;
  returned.payload.Set(payload);
  events.push_back(std::move(returned));
  if (authenticator.status == AuthenticatorStatus::compromised)
    events.push_back(about(id, EventType::hardware_token_retired, reason));
}

}  // namespace countersign::domain
