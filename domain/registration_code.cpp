#include "domain/registration_code.h"

#include <algorithm>
#include <set>

#include "domain/account.h"
#include "domain/user.h"

namespace countersign::domain {

CodeStatus effective_status(const Code& code, UnixMs now) {
  if (code.status == CodeStatus::reserved && now >= code.ticket_expires_at)
    return now >= code.expires_at ? CodeStatus::expired : CodeStatus::open;
  if (code.status == CodeStatus::open && now >= code.expires_at) return CodeStatus::expired;
  return code.status;
}

// --- evolve ----------------------------------------------------------------------------------------------------------

void evolve(Code& code, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  code.changed_at = event.time();
  code.reason = event.reason();
  switch (event.type()) {
    case EventType::registration_code_generated:
      code.id = CodeId{event.target().id};
      code.generated_at = event.time();
      code.text = recorded.seal();
      if (const auto* generated = event.clear().payload_as_CodeGenerated()) {
        code.digest = EventView::to_digest(generated->digest());
        code.expires_at = generated->expires_at();
        code.operation = OperationId{EventView::to_uuid(generated->operation())};
      }
      return;
    case EventType::registration_code_reserved:
      code.status = CodeStatus::reserved;
      if (const auto* reserved = event.clear().payload_as_CodeReserved()) {
        code.ticket = EventView::to_digest(reserved->ticket());
        code.ticket_expires_at = reserved->ticket_expires_at();
      }
      return;
    case EventType::registration_code_reopened: code.status = CodeStatus::open; break;
    case EventType::registration_code_used:
      code.status = CodeStatus::used;
      code.text = {};
      if (const auto* used = event.clear().payload_as_CodeUsed())
        code.activation = EventView::to_uuid(used->activation());
      break;
    case EventType::registration_code_revoked:
      code.status = CodeStatus::revoked;
      code.text = {};
      break;
    case EventType::registration_code_expired:
      code.status = CodeStatus::expired;
      code.text = {};
      break;
    default: return;
  }
  code.ticket = {};
  code.ticket_expires_at = 0;
}

// --- decide: generate ------------------------------------------------------------------------------------------------

namespace {

constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);

NewEvent code_event(EventType type, const User& user, CodeId code, Reason reason = Reason::none) {
  return {.type = type, .subject = party(user.id), .target = party(code), .reason = reason};
}

NewEvent generated(const User& user, const DrawnCode& drawn, UnixMs expires_at, OperationId operation) {
  auto event = code_event(EventType::registration_code_generated, user, drawn.id);
  fb::CodeGeneratedT payload;
  payload.digest = to_fb(drawn.digest);
  payload.expires_at = expires_at;
  if (operation) payload.operation = std::make_unique<fb::Uuid>(to_fb(operation.uuid));
  event.payload.Set(std::move(payload));
  event.personal.code = drawn.text;
  return event;
}

std::size_t open_codes(const User& user, UnixMs now) {
  return static_cast<std::size_t>(std::count_if(user.codes.begin(), user.codes.end(), [&](const Code& code) {
    const auto status = effective_status(code, now);
    return status == CodeStatus::open || status == CodeStatus::reserved;
  }));
}

std::optional<Refusal> refuse_generation(const Account& account) {
  if (account.provisioning.method == fb::Method::registration_code) return std::nullopt;
  return Refusal{RefusalCode::provisioning_method, "The account's users are provisioned by e-mail invitation."};
}

Refusal refuse_mfa(const State& state, const Context& context, const std::vector<UserId>& users, UserId first) {
  const auto count = std::count_if(users.begin(), users.end(), [&](UserId id) {
    const auto user = state.user(context.account, id);
    return user && user->has_mfa(context.now);
  });
  return {RefusalCode::mfa_configured,
          std::to_string(count) + (count == 1 ? " user has" : " users have") +
              " MFA configured and can't be provisioned by registration code, the first of them " + first.text() +
              "; GET /v1/users?mfa=true lists all of the account."};
}

/// The drawn codes whose digest nobody has, one after the other.
class FreshCodes {
 public:
  FreshCodes(const State& state, const std::vector<DrawnCode>& drawn) : state_(state), drawn_(drawn) {}
  const DrawnCode* next() {
    while (at_ < drawn_.size()) {
      const auto& candidate = drawn_[at_++];
      if (!state_.find(candidate.digest)) return &candidate;
    }
    return nullptr;
  }

 private:
  const State& state_;
  const std::vector<DrawnCode>& drawn_;
  std::size_t at_ = 0;
};

}  // namespace

Decision<GeneratedCodes> decide(const State& state, const Context& context, const GenerateCodes& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto account = state.account(context.account);
  if (auto refusal = refuse_generation(*account)) return *refusal;
  const auto expires_at = context.now + account->provisioning.code_validity();
  GeneratedCodes result;
  std::vector<NewEvent> events;
  FreshCodes fresh(state, command.drawn);
  for (const auto& id : command.users) {
    const auto user = state.user(context.account, id);
    if (!user) return Refusal{RefusalCode::not_found, "There is no user " + id.text() + "."};
    if (user->has_mfa(context.now)) return refuse_mfa(state, context, command.users, id);
    if (user->disabled) return Refusal{RefusalCode::user_disabled, "User " + id.text() + " is disabled."};
    if (open_codes(*user, context.now) + command.codes_per_user > most_per_user ||
        user->codes.size() + command.codes_per_user > 2 * most_per_user)
      return Refusal{RefusalCode::too_many_open_codes,
                     "User " + id.text() + " would have more than " + std::to_string(most_per_user) + " open codes."};
    for (std::uint32_t i = 0; i < command.codes_per_user; ++i) {
      const auto* drawn = fresh.next();
      if (!drawn) return Refusal{RefusalCode::state_conflict, "The drawn codes were all taken: please try again."};
      events.push_back(generated(*user, *drawn, expires_at, {}));
      result.items.push_back({drawn->id, id, drawn->text, expires_at});
    }
  }
  return {std::move(result), std::move(events)};
}

Decision<GeneratedForNewUsers> decide(const State& state, const Context& context, const GenerateForNewUsers& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto account = state.account(context.account);
  if (auto refusal = refuse_generation(*account)) return *refusal;
  const auto expires_at = context.now + account->provisioning.code_validity();
  GeneratedForNewUsers result;
  std::vector<NewEvent> events;
  FreshCodes fresh(state, command.drawn);
  for (const auto& id : command.users) {
    const auto user = state.user(context.account, id);
    if (!user || user->had_code || user->disabled) {
      ++result.skipped;
      continue;
    }
    if (user->has_mfa(context.now)) {
      result.with_mfa.push_back(id);
      continue;
    }
    const auto* drawn = fresh.next();
    if (!drawn) break;
    events.push_back(generated(*user, *drawn, expires_at, command.operation));
    ++result.generated;
  }
  return {std::move(result), std::move(events)};
}

// --- decide: revoke --------------------------------------------------------------------------------------------------

void revoke_code(const User& user, const Code& code, Reason reason, std::vector<NewEvent>& events) {
  if (code.ended()) return;
  events.push_back(code_event(EventType::registration_code_revoked, user, code.id, reason));
  if (code.status != CodeStatus::used) return;
  const auto brought = reason == Reason::by_administrator ? Reason::code_revoked_with : reason;
  if (const auto* activation = user.activation(code.activation)) end_activation(user, *activation, brought, events);
}

Decision<CodeRevoked> decide(const State& state, const Context& context, const RevokeCode& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const auto located = state.locate_code(context.account, command.id);
  const auto user = located ? state.user(context.account, located->user) : nullptr;
  const Code* code = !user ? nullptr : located->ended_code ? located->ended_code.get() : user->code(command.id);
  if (!code) return Refusal{RefusalCode::not_found, "There is no such registration code."};
  if (effective_status(*code, context.now) == CodeStatus::expired)
    return Refusal{RefusalCode::state_conflict, "The registration code has expired."};
  std::vector<NewEvent> events;
  revoke_code(*user, *code, Reason::by_administrator, events);
  return {CodeRevoked{user->id}, std::move(events)};
}

// --- decide: redeem --------------------------------------------------------------------------------------------------

namespace {

/// What a secret leads to. Every attempt makes the same look-ups, whether the secret is right or wrong.
struct Attempt {
  AccountId account;  ///< of the secret, else of its slot, else the system account
  std::shared_ptr<const Account> settings;
  std::shared_ptr<const User> user;
  std::shared_ptr<const Code> ended;
  const Code* code = nullptr;
};

Attempt look_up(const State& state, const Context& context, const Digest& secret, PartyKind kind, std::uint16_t slot) {
  const auto entry = state.find(secret);
  const bool known = entry && entry->kind == kind;
  const auto slot_account = state.account_of_slot(slot);
  Attempt attempt;
  attempt.account = known ? entry->account : slot_account.value_or(context.system);
  attempt.settings = state.account(attempt.account);
  const auto code = known ? CodeId{entry->id} : CodeId{};
  const auto located = state.locate_code(attempt.account, code);
  attempt.user = state.user(attempt.account, known ? entry->user : UserId{});
  if (!known) return attempt;
  if (attempt.user) attempt.code = attempt.user->code(code);
  if (!attempt.code && located && located->ended_code) {
    attempt.ended = located->ended_code;
    attempt.code = attempt.ended.get();
  }
  return attempt;
}

Reason why_not(const Attempt& attempt, UnixMs now) {
  if (!attempt.code || !attempt.user) return Reason::code_unknown;
  switch (effective_status(*attempt.code, now)) {
    case CodeStatus::used: return Reason::code_used;
    case CodeStatus::revoked: return Reason::code_revoked;
    case CodeStatus::expired: return Reason::code_expired;
    default: break;
  }
  if (attempt.settings->suspended) return Reason::account_suspended;
  if (attempt.user->disabled) return Reason::user_disabled;
  if (attempt.user->has_mfa(now)) return Reason::mfa_configured;
  if (attempt.user->activations.size() >= most_per_user) return Reason::too_many_devices;
  return Reason::none;
}

std::vector<NewEvent> refused(const Attempt& attempt, Reason reason) {
  std::vector<NewEvent> events;
  NewEvent event{.type = EventType::registration_code_redemption_refused,
                 .outcome = Outcome::failure,
                 .reason = reason,
                 .account = attempt.account};
  if (attempt.code && attempt.user) {
    event.subject = party(attempt.user->id);
    event.target = party(attempt.code->id);
  }
  event.payload.Set(fb::RefusalsT{});
  events.push_back(std::move(event));
  return events;
}

Refusal not_redeemable(const Attempt& attempt, Reason reason) {
  return {RefusalCode::code_not_redeemable, "This registration code can't be redeemed. Please ask your administrator.",
          reason, attempt.account, attempt.code ? attempt.code->id.uuid : Uuid{}};
}

Refusal ticket_not_redeemable(const Attempt& attempt, Reason reason) {
  return {RefusalCode::ticket_not_redeemable, "This activation ticket can't be used: please redeem the code again.",
          reason, attempt.account, attempt.code ? attempt.code->id.uuid : Uuid{}};
}

UnixMs after(UnixMs now, std::uint64_t seconds) {
  return seconds == 0 ? 0 : now + static_cast<UnixMs>(seconds) * 1000;
}

Decision<Activated> activate(const Attempt& attempt, const Context& context, const DrawnActivation& drawn) {
  const auto& user = *attempt.user;
  const auto& policy = attempt.settings->provisioning;
  Activated result{attempt.account, user.id, drawn.id, after(context.now, policy.access_token_validity_seconds)};
  std::vector<NewEvent> events;
  auto used = code_event(EventType::registration_code_used, user, attempt.code->id);
  fb::CodeUsedT brought;
  brought.activation = to_fb(drawn.id);
  used.payload.Set(brought);
  events.push_back(std::move(used));

  NewEvent device{.type = EventType::device_activated, .subject = party(user.id), .target = party(DeviceId{drawn.id})};
  fb::DeviceActivatedT from;
  from.code = to_fb(attempt.code->id.uuid);
  device.payload.Set(from);
  device.personal = drawn.device;
  events.push_back(std::move(device));

  NewEvent token{.type = EventType::token_issued, .subject = party(user.id), .target = party(TokenId{drawn.id})};
  fb::TokenIssuedT issued;
  issued.digest = to_fb(drawn.token);
  issued.expires_at = result.token_expires_at;
  if (drawn.key_thumbprint != Digest{})
    issued.key_thumbprint = std::make_unique<fb::Digest>(to_fb(drawn.key_thumbprint));
  token.payload.Set(std::move(issued));
  events.push_back(std::move(token));

  NewEvent session{.type = EventType::session_started, .subject = party(user.id), .target = party(SessionId{drawn.id})};
  fb::SessionStartedT started;
  started.expires_at = after(context.now, policy.session_lifetime_seconds);
  session.payload.Set(started);
  events.push_back(std::move(session));
  for (auto& event : events) {
    event.account = attempt.account;
    event.session = SessionId{drawn.id};
  }
  return {result, std::move(events)};
}

}  // namespace

Decision<Activated> decide(const State& state, const Context& context, const RedeemCode& command) {
  const auto attempt = look_up(state, context, command.digest, PartyKind::registration_code, command.slot);
  auto reason = why_not(attempt, context.now);
  if (reason == Reason::none && effective_status(*attempt.code, context.now) == CodeStatus::reserved)
    reason = Reason::code_reserved;
  if (reason != Reason::none) return {not_redeemable(attempt, reason), refused(attempt, reason)};
  return activate(attempt, context, command.drawn);
}

Decision<Reserved> decide(const State& state, const Context& context, const ReserveCode& command) {
  const auto attempt = look_up(state, context, command.digest, PartyKind::registration_code, command.slot);
  auto reason = why_not(attempt, context.now);
  if (reason == Reason::none && effective_status(*attempt.code, context.now) == CodeStatus::reserved)
    reason = Reason::code_reserved;
  if (reason != Reason::none) return {not_redeemable(attempt, reason), refused(attempt, reason)};
  const auto& code = *attempt.code;
  const auto expires_at = std::min(context.now + ticket_validity, code.expires_at);
  auto event = code_event(EventType::registration_code_reserved, *attempt.user, code.id);
  event.account = attempt.account;
  fb::CodeReservedT payload;
  payload.ticket = to_fb(command.ticket);
  payload.ticket_expires_at = expires_at;
  event.payload.Set(payload);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return {Reserved{attempt.account, attempt.user->id, expires_at}, std::move(events)};
}

Decision<Activated> decide(const State& state, const Context& context, const ActivateDevice& command) {
  const auto attempt = look_up(state, context, command.ticket, PartyKind::source, command.slot);
  auto reason = why_not(attempt, context.now);
  if (reason == Reason::code_unknown) reason = Reason::ticket_unknown;
  if (reason == Reason::none) {
    if (attempt.code->ticket != command.ticket)
      reason = Reason::ticket_unknown;
    else if (effective_status(*attempt.code, context.now) != CodeStatus::reserved)
      reason = Reason::ticket_lapsed;
  }
  if (reason != Reason::none) return {ticket_not_redeemable(attempt, reason), refused(attempt, reason)};
  return activate(attempt, context, command.drawn);
}

// --- decide: sweep ---------------------------------------------------------------------------------------------------

Decision<Swept> decide(const State& state, const Context& context, const SweepExpired& command) {
  std::vector<NewEvent> events;
  std::vector<AuthenticatorId> deleted;
  std::set<Uuid> swept;  // a code's ticket and the code itself may be due at once
  for (const auto& due : command.due) {
    if (!swept.insert(due.object.id).second) continue;
    const auto user = state.user(context.account, due.user);
    if (!user) continue;
    if (due.object.kind == PartyKind::registration_code) {
      const auto* code = user->code(CodeId{due.object.id});
      if (!code || code->status == CodeStatus::used) continue;
      const auto status = effective_status(*code, context.now);
      if (status == CodeStatus::expired)
        events.push_back(code_event(EventType::registration_code_expired, *user, code->id, Reason::expired));
      else if (status == CodeStatus::open && code->status == CodeStatus::reserved)
        events.push_back(code_event(EventType::registration_code_reopened, *user, code->id, Reason::ticket_lapsed));
    } else if (due.object.kind == PartyKind::authenticator) {
      const auto* authenticator = user->authenticator(AuthenticatorId{due.object.id});
      if (!authenticator || authenticator->status == AuthenticatorStatus::expired) continue;
      if (effective_status(*authenticator, context.now) != AuthenticatorStatus::expired) continue;
      if (authenticator->is_being_registered()) deleted.push_back(authenticator->id);
      expire_authenticator(*user, *authenticator, events);
    } else if (const auto* activation = user->activation(due.object.id)) {
      if (activation->token_ended_at == 0 && !activation->session_live(context.now))
        end_connection(*user, *activation, Reason::expired, events);
    }
  }
  return {Swept{events.size(), std::move(deleted)}, std::move(events)};
}

}  // namespace countersign::domain
