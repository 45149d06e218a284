#include "domain/challenge.h"

#include <algorithm>

#include "domain/account.h"
#include "domain/authenticator.h"
#include "domain/message_under_way.h"
#include "domain/user.h"

namespace countersign::domain {

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

std::optional<Delivery> delivery_after(EventType type) {
  switch (type) {
    case EventType::challenge_sending: return Delivery::sending;
    case EventType::challenge_sent: return Delivery::sent;
    case EventType::challenge_delivered: return Delivery::delivered;
    case EventType::challenge_undelivered: return Delivery::undelivered;
    case EventType::challenge_deferred: return Delivery::queued;
    default: return std::nullopt;
  }
}

EventType event_type_of(Delivery outcome) {
  switch (outcome) {
    case Delivery::queued: return EventType::challenge_deferred;
    case Delivery::sent: return EventType::challenge_sent;
    case Delivery::delivered: return EventType::challenge_delivered;
    default: return EventType::challenge_undelivered;
  }
}

}  // namespace

bool evolve(Challenge& challenge, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  if (const auto* issued = event.clear().payload_as_ChallengeIssued()) {
    challenge = {.id = ChallengeId{EventView::to_uuid(issued->challenge())},
                 .counter = issued->counter(),
                 .channel = issued->channel(),
                 .issued_at = event.time(),
                 .expires_at = issued->expires_at(),
                 .open = true};
    if (challenge.channel == Channel::none)
      challenge.question = recorded.seal();
    else
      challenge.delivery = Delivery::queued;
    return true;
  }
  const auto* delivery = event.clear().payload_as_ChallengeDelivery();
  if (!delivery) return false;
  if (ChallengeId{EventView::to_uuid(delivery->challenge())} != challenge.id) return true;
  challenge.delivery = delivery_after(event.type()).value_or(challenge.delivery);
  challenge.reason = event.reason();
  if (challenge.delivery == Delivery::sending && challenge.attempts < 255) ++challenge.attempts;
  return true;
}

void note_message(std::vector<UnixMs>& messages_at, const EventView& event) {
  const auto* issued = event.clear().payload_as_ChallengeIssued();
  if (!issued || issued->channel() == Channel::none) return;
  std::erase_if(messages_at, [&](UnixMs time) { return time <= event.time() - hour_ms; });
  if (messages_at.size() >= most_messages_an_hour) messages_at.erase(messages_at.begin());
  messages_at.push_back(event.time());
}

UnixMs next_message_at(const std::vector<UnixMs>& messages_at, const MessageLimits& limits, UnixMs now) {
  if (messages_at.empty()) return 0;
  auto next = messages_at.back() + limits.pause_ms;
  const auto in_hour = std::ranges::count_if(messages_at, [now](UnixMs time) { return time > now - hour_ms; });
  if (limits.an_hour > 0 && in_hour >= limits.an_hour)
    next = std::max(next, messages_at[messages_at.size() - limits.an_hour] + hour_ms);
  return next;
}

std::string_view channel_text(Channel channel) {
  switch (channel) {
    case Channel::sms: return "sms";
    case Channel::email: return "email";
    case Channel::none: break;
  }
  return "";
}

std::string_view delivery_text(Delivery delivery) {
  switch (delivery) {
    case Delivery::queued: return "queued";
    case Delivery::sending: return "sending";
    case Delivery::sent: return "sent";
    case Delivery::delivered: return "delivered";
    case Delivery::undelivered: return "undelivered";
    case Delivery::none: break;
  }
  return "";
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

Refusal because(Refusal refusal, Reason reason, UnixMs retry_at = 0) {
  refusal.reason = reason;
  refusal.retry_at = retry_at;
  return refusal;
}

NewEvent delivery_event(EventType type, const User& user, const Authenticator& authenticator,
                        Reason reason = Reason::none) {
  NewEvent event{.type = type, .subject = party(user.id), .target = party(authenticator.id), .reason = reason};
  if (type == EventType::challenge_undelivered) event.outcome = Outcome::failure;
  fb::ChallengeDeliveryT payload;
  payload.challenge = to_fb(authenticator.challenge.id.uuid);
  event.payload.Set(payload);
  return event;
}

NewEvent issued(const User& user, const Authenticator& authenticator, const IssueChallenge& command, UnixMs now) {
  NewEvent event{.type = EventType::challenge_issued, .subject = party(user.id), .target = party(authenticator.id)};
  fb::ChallengeIssuedT payload;
  payload.challenge = to_fb(command.id.uuid);
  payload.counter = authenticator.next;
  payload.channel = command.channel;
  payload.expires_at = now + command.life_ms;
  event.payload.Set(payload);
  event.personal = command.texts;
  return event;
}

/// Why it isn't this user's turn.
std::optional<Refusal> refuse_user(const User* user, UnixMs now) {
  if (!user) return because({RefusalCode::not_found, "There is no such user."}, Reason::user_unknown);
  if (user->disabled) return because({RefusalCode::user_disabled, "The user is disabled."}, Reason::user_disabled);
  if (user->lockout.blocked(now))
    return because({RefusalCode::too_many_attempts, "Too many failed attempts: the user is blocked."},
                   Reason::blocked_after_failures, user->lockout.blocked_until);
  return std::nullopt;
}

/// What may be sent now isn't.
std::optional<Reason> reason_against(const User& user, const Authenticator& authenticator, UnixMs now) {
  const auto& challenge = authenticator.challenge;
  if (user.disabled) return Reason::user_disabled;
  if (!challenge.open) return Reason::challenge_not_open;
  if (now >= challenge.expires_at)
    return challenge.attempts > 0 ? Reason::delivery_exhausted : Reason::challenge_expired;
  const auto status = effective_status(authenticator, now);
  if (!may(AuthenticatorAction::challenge, authenticator.type, status)) return Reason::authenticator_not_usable;
  return std::nullopt;
}

/// Whoever took over and found a message of which nothing is known may have looked before the former owner's last word
/// was in. Whoever carries messages knows better than we do.
bool may_become(const Challenge& challenge, Delivery outcome, Reason reason) {
  const auto now = challenge.delivery;
  switch (outcome) {
    case Delivery::queued:
    case Delivery::sent: return now == Delivery::sending;
    case Delivery::delivered:
      return challenge.is_under_way() || now == Delivery::sent ||
             (now == Delivery::undelivered && challenge.reason == Reason::delivery_unknown);
    case Delivery::undelivered:
      return now == Delivery::sending || (now == Delivery::sent && reason == Reason::delivery_failed);
    default: return false;
  }
}

struct Asked {
  std::shared_ptr<const User> user;
  const Authenticator* authenticator = nullptr;  ///< null: it has another challenge by now, or is gone
};

Asked find(const State& state, AccountId account, UserId user, AuthenticatorId id, ChallengeId challenge) {
  Asked asked{state.user(account, user)};
  const auto* found = asked.user ? asked.user->authenticator(id) : nullptr;
  if (found && found->challenge.id == challenge) asked.authenticator = found;
  return asked;
}

}  // namespace

void give_up_message(const User& user, const Authenticator& authenticator, Reason reason,
                     std::vector<NewEvent>& events) {
  if (!authenticator.challenge.is_under_way()) return;
  const bool is_sending = authenticator.challenge.delivery == Delivery::sending;
  events.push_back(delivery_event(EventType::challenge_undelivered, user, authenticator,
                                  is_sending ? Reason::delivery_unknown : reason));
}

Decision<ChallengeIssued> decide(const State& state, const Context& context, const IssueChallenge& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::gateway, Role::admin, Role::operator_))) return *refusal;
  const auto user = state.user(context.account, command.user);
  if (auto refusal = refuse_user(user.get(), context.now)) return *refusal;
  const auto* authenticator = user->authenticator(command.authenticator);
  if (!authenticator)
    return because({RefusalCode::not_found, "There is no such authenticator."}, Reason::no_authenticator);
  const auto type = authenticator->type;
  const auto& former = authenticator->challenge;
  if (former.id == command.id)
    return ChallengeIssued{command.id, authenticator->id, type, former.channel, former.expires_at};
  const auto status = effective_status(*authenticator, context.now);
  const bool unproven = context.role == Role::gateway && status != AuthenticatorStatus::active;
  if (unproven || !may(AuthenticatorAction::challenge, type, status))
    return because(not_allowed(AuthenticatorAction::challenge, type, status), Reason::authenticator_not_usable);
  if (!carries(type, command.channel))
    return because({RefusalCode::state_conflict,
                    "An authenticator of type " + std::string(type_text(type)) + " can't be asked this way."},
                   Reason::authenticator_not_usable);
  if (command.channel != Channel::none) {
    const auto next = next_message_at(user->messages_at, command.limits, context.now);
    if (context.now < next)
      return because({RefusalCode::too_many_attempts, "The user has been sent enough messages for now."},
                     Reason::too_many_challenges, next);
  }
  std::vector<NewEvent> events;
  give_up_message(*user, *authenticator, Reason::challenge_replaced, events);
  events.push_back(issued(*user, *authenticator, command, context.now));
  return {ChallengeIssued{command.id, authenticator->id, type, command.channel, context.now + command.life_ms},
          std::move(events)};
}

Decision<DeliveryBegun> decide(const State& state, const Context& context, const BeginDelivery& command) {
  const auto asked = find(state, context.account, command.user, command.authenticator, command.challenge);
  if (!asked.authenticator || asked.authenticator->challenge.delivery != Delivery::queued) return DeliveryBegun{};
  const auto against = reason_against(*asked.user, *asked.authenticator, context.now);
  std::vector<NewEvent> events;
  if (against)
    events.push_back(delivery_event(EventType::challenge_undelivered, *asked.user, *asked.authenticator, *against));
  else
    events.push_back(delivery_event(EventType::challenge_sending, *asked.user, *asked.authenticator));
  return {DeliveryBegun{!against}, std::move(events)};
}

Decision<DeliveryEnded> decide(const State& state, const Context& context, const EndDelivery& command) {
  const auto asked = find(state, context.account, command.user, command.authenticator, command.challenge);
  if (!asked.authenticator || !may_become(asked.authenticator->challenge, command.outcome, command.reason))
    return DeliveryEnded{};
  std::vector<NewEvent> events;
  events.push_back(delivery_event(event_type_of(command.outcome), *asked.user, *asked.authenticator, command.reason));
  return {DeliveryEnded{true}, std::move(events)};
}

}  // namespace countersign::domain
