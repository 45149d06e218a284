// One-time passwords: which are accepted, and what it costs to be wrong.

#include <algorithm>

#include "domain/authenticator.h"
#include "domain/user.h"

namespace countersign::domain {
namespace {

RoleSet who_may(OtpFlow flow) {
  return flow == OtpFlow::verify ? roles(Role::gateway) : roles(Role::admin, Role::operator_);
}

AuthenticatorAction action_of(OtpFlow flow) {
  switch (flow) {
    case OtpFlow::verify: return AuthenticatorAction::verify;
    case OtpFlow::test: return AuthenticatorAction::test;
    case OtpFlow::confirm: return AuthenticatorAction::confirm;
    case OtpFlow::reset: return AuthenticatorAction::reset;
  }
  return AuthenticatorAction::verify;
}

EventType event_type_of(OtpFlow flow) {
  switch (flow) {
    case OtpFlow::confirm: return EventType::authenticator_confirmed;
    case OtpFlow::reset: return EventType::authenticator_reset;
    default: return EventType::authenticator_verified;
  }
}

Decision<OtpUsed> failed(const User& user, const Context& context, OtpFlow flow, Reason reason) {
  const auto lockout = user.lockout.after_failure(context.now);
  NewEvent event{.type = EventType::authenticator_verification_failed,
                 .subject = party(user.id),
                 .target = party(user.id),
                 .outcome = Outcome::failure,
                 .reason = reason};
  fb::OtpFailedT payload;
  payload.flow = flow;
  payload.failures = lockout.failures;
  payload.blocked_until = lockout.blocked_until;
  event.payload.Set(payload);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  if (lockout.locked())
    events.push_back({.type = EventType::authenticator_locked,
                      .subject = party(user.id),
                      .target = party(user.id),
                      .reason = reason});
  return {OtpUsed{.reason = reason, .blocked_until = lockout.blocked_until}, std::move(events)};
}

NewEvent accepted(const User& user, const OtpProof& proof, OtpFlow flow) {
  NewEvent event{.type = event_type_of(flow), .subject = party(user.id), .target = party(proof.authenticator)};
  fb::OtpAcceptedT payload;
  payload.counter = proof.counter;
  payload.drift = proof.drift;
  payload.flow = flow;
  event.payload.Set(payload);
  return event;
}

/// Something was looked at that has changed since, or can be used and wasn't looked at.
bool is_stale(const User& user, const UseOtp& command, UnixMs now) {
  const auto changed = [&](const OtpProof& proof) {
    const auto* authenticator = user.authenticator(proof.authenticator);
    return !authenticator || authenticator->version != proof.version || authenticator->challenge.id != proof.challenge;
  };
  const auto missed = [&](const Authenticator& each) {
    const bool wanted = !command.named || command.named == each.id;
    return wanted && may(action_of(command.flow), each.type, effective_status(each, now)) &&
           std::ranges::find(command.proofs, each.id, &OtpProof::authenticator) == command.proofs.end();
  };
  return std::ranges::any_of(command.proofs, changed) || std::ranges::any_of(user.authenticators, missed);
}

/// Why nothing answers its challenge now; nothing: something may, or it needs none.
std::optional<Reason> closed(const Authenticator& authenticator, UnixMs now) {
  const auto& challenge = authenticator.challenge;
  if (!answers_challenges(authenticator.type) || challenge.is_open(now)) return std::nullopt;
  return challenge.open ? Reason::challenge_expired : Reason::challenge_not_open;
}

/// Why a password was wrong, as long as none of the authenticators says more.
Reason reason_of_nothing(const User& user, const UseOtp& command, UnixMs now) {
  if (command.proofs.size() != 1) return Reason::otp_wrong;
  return closed(*user.authenticator(command.proofs.front().authenticator), now).value_or(Reason::otp_wrong);
}

}  // namespace

Decision<OtpUsed> decide(const State& state, const Context& context, const UseOtp& command) {
  if (auto refusal = refuse_unless(state, context, who_may(command.flow))) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (!user) return OtpUsed{.reason = Reason::user_unknown};
  if (user->disabled) return OtpUsed{.reason = Reason::user_disabled};
  if (user->lockout.blocked(context.now))
    return OtpUsed{.reason = Reason::blocked_after_failures, .blocked_until = user->lockout.blocked_until};
  if (command.flow != OtpFlow::verify) {
    const auto* named = user->authenticator(command.named);
    if (!named) return Refusal{RefusalCode::not_found, "There is no such authenticator."};
    const auto status = effective_status(*named, context.now);
    if (!may(action_of(command.flow), named->type, status))
      return not_allowed(action_of(command.flow), named->type, status);
  }
  if (is_stale(*user, command, context.now)) return OtpUsed{.stale = true};
  if (command.proofs.empty()) return failed(*user, context, command.flow, Reason::no_authenticator);

  auto reason = reason_of_nothing(*user, command, context.now);
  for (const auto& proof : command.proofs) {
    if (!proof.matched) continue;
    const auto& authenticator = *user->authenticator(proof.authenticator);
    const auto status = effective_status(authenticator, context.now);
    if (!may(action_of(command.flow), authenticator.type, status)) {
      reason = Reason::authenticator_not_usable;
      continue;
    }
    if (const auto why = closed(authenticator, context.now)) {
      reason = *why;
      continue;
    }
    if (!authenticator.may_use(proof.counter)) {
      reason = Reason::otp_replayed;
      continue;
    }
    std::vector<NewEvent> events;
    events.push_back(accepted(*user, proof, command.flow));
    const auto* replaced = command.flow == OtpFlow::confirm ? user->authenticator(authenticator.replaces) : nullptr;
    if (replaced) remove_authenticator(*user, *replaced, Reason::replaced, events);
    if (authenticator.codes > 0 && authenticator.codes_left() == 1)
      events.push_back({.type = EventType::authenticator_expired,
                        .subject = party(user->id),
                        .target = party(authenticator.id),
                        .reason = Reason::used_up});
    return {OtpUsed{.accepted = true,
                    .authenticator = authenticator.id,
                    .replaced = replaced ? replaced->id : AuthenticatorId{}},
            std::move(events)};
  }
  return failed(*user, context, command.flow, reason);
}

}  // namespace countersign::domain
