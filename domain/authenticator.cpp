#include "domain/authenticator.h"

#include <algorithm>
#include <array>

namespace countersign::domain {

UnixMs Authenticator::ends_at() const {
  if (expires_at == 0 || registration.expires_at == 0) return std::max(expires_at, registration.expires_at);
  return std::min(expires_at, registration.expires_at);
}

bool Authenticator::may_use(std::uint64_t counter) const {
  if (codes > 0) return counter < codes && (used >> counter & 1) == 0;
  return is_by_message(type) ? counter == challenge.counter : counter >= next;
}

AuthenticatorStatus effective_status(const Authenticator& authenticator, UnixMs now) {
  const bool due = authenticator.ends_at() != 0 && now >= authenticator.ends_at();
  return due && may(AuthenticatorAction::expire, authenticator.type, authenticator.status)
             ? AuthenticatorStatus::expired
             : authenticator.status;
}

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

void take_settings(Authenticator& authenticator, const RecordedEvent& recorded) {
  const auto* set = recorded.event.clear().payload_as_AuthenticatorSet();
  if (!set) return;
  authenticator.expires_at = set->expires_at();
  authenticator.content = EventView::to_digest(set->content());
  authenticator.profile = recorded.seal();
  if (recorded.event.type() != EventType::authenticator_enrolled) return;
  authenticator.id = AuthenticatorId{recorded.event.target().id};
  authenticator.type = set->type();
  authenticator.algorithm = set->algorithm();
  authenticator.digits = set->digits();
  authenticator.period = set->period();
  authenticator.next = set->counter();
  authenticator.drift = set->drift();
  authenticator.codes = set->codes();
  authenticator.mfa_exempt = set->mfa_exempt();
  authenticator.replaces.uuid = EventView::to_uuid(set->replaces());
  authenticator.licence.uuid = EventView::to_uuid(set->licence());
  authenticator.instance = set->instance();
  authenticator.registration.expires_at = set->registration_expires_at();
  authenticator.registration.message = EventView::to_digest(set->message());
  if (set->suite()) authenticator.suite = set->suite()->string_view();
  authenticator.enrolled_at = recorded.event.time();
}

void take_use(Authenticator& authenticator, const EventView& event) {
  const auto* accepted = event.clear().payload_as_OtpAccepted();
  if (!accepted) return;
  if (authenticator.codes > 0)
    authenticator.used |= std::uint64_t{1} << accepted->counter();
  else
    authenticator.next = accepted->counter() + 1;
  authenticator.drift = accepted->drift();
  authenticator.used_at = event.time();
}

void take_registration(DeviceRegistration& registration, const EventView& event) {
  if (const auto* failed = event.clear().payload_as_RegistrationFailed()) registration.failures = failed->failures();
  if (const auto* added = event.clear().payload_as_DeviceAdded()) {
    registration.device = EventView::to_digest(added->device());
    registration.failures = 0;
  }
  if (event.type() == EventType::authenticator_activated) registration = {};
}

AuthenticatorStatus first_status(const Authenticator& authenticator) {
  if (authenticator.licence) return AuthenticatorStatus::registering;
  return has_to_be_proven(authenticator.type) ? AuthenticatorStatus::pending : AuthenticatorStatus::active;
}

std::optional<AuthenticatorStatus> status_after(EventType type) {
  switch (type) {
    case EventType::authenticator_enrolled: return AuthenticatorStatus::pending;
    case EventType::authenticator_activated:
    case EventType::authenticator_confirmed:
    case EventType::authenticator_enabled: return AuthenticatorStatus::active;
    case EventType::authenticator_disabled: return AuthenticatorStatus::disabled;
    case EventType::authenticator_retired: return AuthenticatorStatus::obsolete;
    case EventType::authenticator_compromised: return AuthenticatorStatus::compromised;
    case EventType::authenticator_expired: return AuthenticatorStatus::expired;
    case EventType::authenticator_deleted: return AuthenticatorStatus::deleted;
    default: return std::nullopt;
  }
}

}  // namespace

void evolve(Authenticator& authenticator, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  if (evolve(authenticator.challenge, recorded)) {
    // Whatever becomes of the message, its password is never another one's.
    if (event.type() == EventType::challenge_issued && is_by_message(authenticator.type))
      authenticator.next = authenticator.challenge.counter + 1;
    return;
  }
  authenticator.challenge.open = false;
  take_settings(authenticator, recorded);
  take_use(authenticator, event);
  take_registration(authenticator.registration, event);
  if (event.type() == EventType::authenticator_verified) return;  // no change that an operator could have read
  if (const auto status = status_after(event.type())) {
    const bool enrolled = event.type() == EventType::authenticator_enrolled;
    authenticator.status = enrolled ? first_status(authenticator) : *status;
    authenticator.reason = event.reason();
  }
  if (event.type() != EventType::authenticator_enrolled) ++authenticator.version;
  authenticator.updated_at = event.time();
}

// --- What may be done ------------------------------------------------------------------------------------------------

namespace {

using Action = AuthenticatorAction;
using Status = AuthenticatorStatus;

template <class... Statuses>
constexpr std::uint32_t in(Statuses... status) {
  return ((1u << static_cast<unsigned>(status)) | ...);
}

struct Rule {
  Action action;
  std::string_view text;
  std::uint32_t from;  ///< bits of statuses
  bool by_operator;    ///< something that he asks for, rather than a one-time password or the clock
};

constexpr Rule rules[] = {
    {Action::confirm, "confirm", in(Status::pending), true},
    {Action::verify, "verify", in(Status::active), false},
    {Action::test, "test", in(Status::active), true},
    {Action::reset, "reset", in(Status::active), true},
    {Action::edit, "edit", in(Status::registering, Status::pending, Status::active, Status::disabled), true},
    {Action::disable, "disable", in(Status::active), true},
    {Action::enable, "enable", in(Status::disabled), true},
    {Action::retire, "retire", in(Status::active, Status::disabled, Status::expired), true},
    {Action::report_compromised, "compromised",
     in(Status::pending, Status::active, Status::disabled, Status::expired, Status::obsolete), true},
    {Action::replace, "replace",
     in(Status::active, Status::disabled, Status::expired, Status::obsolete, Status::compromised), true},
    {Action::remove, "delete",
     in(Status::registering, Status::pending, Status::active, Status::disabled, Status::expired, Status::obsolete,
        Status::compromised),
     true},
    {Action::expire, "expire", in(Status::registering, Status::pending, Status::active, Status::disabled), false},
    {Action::challenge, "challenge", in(Status::pending, Status::active), true},
};

constexpr std::pair<AuthenticatorType, std::string_view> type_names[] = {
    {AuthenticatorType::totp, "totp"},
    {AuthenticatorType::hotp, "hotp"},
    {AuthenticatorType::recovery_codes, "recovery_codes"},
    {AuthenticatorType::sms, "sms"},
    {AuthenticatorType::email, "email"},
    {AuthenticatorType::virtual_, "virtual"},
    {AuthenticatorType::ocra, "ocra"},
    {AuthenticatorType::hardware, "hardware"},
};

const Rule& rule_of(Action action) {
  return *std::ranges::find(rules, action, &Rule::action);
}

}  // namespace

bool may(AuthenticatorAction action, AuthenticatorType type, AuthenticatorStatus status) {
  // Events may have been lost count of, and the clocks of tokens that lie in drawers are off; those of phones are set.
  const bool may_be_out_of_step = type == AuthenticatorType::hotp || type == AuthenticatorType::hardware;
  if (action == Action::reset && !may_be_out_of_step) return false;
  if (action == Action::challenge && !answers_challenges(type)) return false;
  return (rule_of(action).from & in(status)) != 0;
}

std::vector<AuthenticatorAction> allowed_actions(AuthenticatorType type, AuthenticatorStatus status) {
  std::vector<AuthenticatorAction> allowed;
  for (const auto& rule : rules)
    if (rule.by_operator && may(rule.action, type, status)) allowed.push_back(rule.action);
  return allowed;
}

Refusal not_allowed(AuthenticatorAction action, AuthenticatorType type, AuthenticatorStatus status) {
  std::string list;
  Refusal refusal{RefusalCode::state_conflict, {}};
  for (const auto possible : allowed_actions(type, status)) {
    refusal.allowed.emplace_back(action_text(possible));
    list.append(list.empty() ? "" : ", ").append(action_text(possible));
  }
  refusal.detail = "An authenticator of type " + std::string(type_text(type)) + " that is " +
                   std::string(status_text(status)) + " does not allow " + std::string(action_text(action)) +
                   ". Allowed: " + list + ".";
  return refusal;
}

bool has_to_be_proven(AuthenticatorType type) {
  return type != AuthenticatorType::recovery_codes;
}

bool is_by_message(AuthenticatorType type) {
  return carries(type, Channel::sms) || carries(type, Channel::email);
}

bool answers_challenges(AuthenticatorType type) {
  return is_by_message(type) || type == AuthenticatorType::ocra;
}

bool carries(AuthenticatorType type, Channel channel) {
  switch (channel) {
    case Channel::none: return type == AuthenticatorType::ocra;
    case Channel::sms: return type == AuthenticatorType::sms || type == AuthenticatorType::virtual_;
    case Channel::email: return type == AuthenticatorType::email || type == AuthenticatorType::virtual_;
  }
  return false;
}

std::string_view type_text(AuthenticatorType type) {
  const auto* row = std::ranges::find(type_names, type, &std::pair<AuthenticatorType, std::string_view>::first);
  return row == std::end(type_names) ? "" : row->second;
}

std::optional<AuthenticatorType> parse_authenticator_type(std::string_view text) {
  const auto* row = std::ranges::find(type_names, text, &std::pair<AuthenticatorType, std::string_view>::second);
  if (row == std::end(type_names)) return std::nullopt;
  return row->first;
}

std::string_view status_text(AuthenticatorStatus status) {
  switch (status) {
    case Status::pending: return "pending";
    case Status::active: return "active";
    case Status::disabled: return "disabled";
    case Status::expired: return "expired";
    case Status::obsolete: return "obsolete";
    case Status::compromised: return "compromised";
    case Status::deleted: return "deleted";
    case Status::registering: return "registering";
  }
  return "";
}

std::string_view action_text(AuthenticatorAction action) {
  return rule_of(action).text;
}

}  // namespace countersign::domain
