#include "domain/event_catalogue.h"

#include <algorithm>

namespace countersign::domain {
namespace {

using enum fb::EventType;

constexpr EventName catalogue[] = {
    {account_created, "account.created", "Account", "Created", "informational"},
    {account_suspended, "account.suspended", "Account", "Suspended", "high"},
    {account_resumed, "account.resumed", "Account", "Resumed", "medium"},
    {account_rescued, "account.rescued", "Account", "Rescued", "critical"},
    {provisioning_changed, "provisioning.changed", "Provisioning", "Changed", "medium"},
    {api_key_created, "api_key.created", "API Key", "Created", "medium"},
    {api_key_revoked, "api_key.revoked", "API Key", "Revoked", "medium"},
    {api_key_refused, "api_key.refused", "API Key", "Refused", "medium"},
    {user_created, "user.created", "User", "Created", "informational"},
    {user_updated, "user.updated", "User", "Updated", "informational"},
    {user_disabled, "user.disabled", "User", "Disabled", "medium"},
    {user_enabled, "user.enabled", "User", "Enabled", "low"},
    {user_reset, "user.reset", "User", "Reset", "medium"},
    {user_erased, "user.erased", "User", "Erased", "high"},
    {registration_code_generated, "registration_code.generated", "Registration Code", "Generated", "informational"},
    {registration_code_reserved, "registration_code.reserved", "Registration Code", "Reserved", "informational"},
    {registration_code_reopened, "registration_code.reopened", "Registration Code", "Reopened", "informational"},
    {registration_code_used, "registration_code.used", "Registration Code", "Used", "informational"},
    {registration_code_revoked, "registration_code.revoked", "Registration Code", "Revoked", "low"},
    {registration_code_expired, "registration_code.expired", "Registration Code", "Expired", "informational"},
    {registration_code_redemption_refused, "registration_code.redemption_refused", "Registration Code", "Refused",
     "medium"},
    {registration_codes_downloaded, "registration_codes.downloaded", "Registration Code", "Downloaded", "high"},
    {device_activated, "device.activated", "Device", "Activated", "informational"},
    {device_renamed, "device.renamed", "Device", "Renamed", "informational"},
    {device_revoked, "device.revoked", "Device", "Revoked", "medium"},
    {token_issued, "token.issued", "Access Token", "Issued", "informational"},
    {token_revoked, "token.revoked", "Access Token", "Revoked", "low"},
    {token_expired, "token.expired", "Access Token", "Expired", "informational"},
    {session_started, "session.started", "Session", "Started", "informational"},
    {session_seen, "session.seen", "Session", "Seen", "informational"},
    {session_ended, "session.ended", "Session", "Ended", "informational"},
    {operation_started, "operation.started", "Operation", "Started", "informational"},
    {operation_finished, "operation.finished", "Operation", "Finished", "informational"},
    {stream_started, "stream.started", "Event Stream", "Started", "low"},
    {stream_ended, "stream.ended", "Event Stream", "Ended", "informational"},
    {server_started, "server.started", "Server", "Started", "low"},
    {server_stopped, "server.stopped", "Server", "Stopped", "low"},
    {log_restored, "log.restored", "Log", "Restored", "critical"},
    {master_key_rotated, "master_key.rotated", "Master Key", "Rotated", "high"},
    {log_upgraded, "log.upgraded", "Log", "Upgraded", "high"},
    {siem_destination_created, "siem_destination.created", "SIEM Destination", "Created", "high"},
    {siem_destination_updated, "siem_destination.updated", "SIEM Destination", "Updated", "high"},
    {siem_destination_paused, "siem_destination.paused", "SIEM Destination", "Paused", "high"},
    {siem_destination_resumed, "siem_destination.resumed", "SIEM Destination", "Resumed", "medium"},
    {siem_destination_deleted, "siem_destination.deleted", "SIEM Destination", "Deleted", "high"},
    {siem_destination_rewound, "siem_destination.rewound", "SIEM Destination", "Rewound", "medium"},
    {siem_destination_exported, "siem_destination.exported", "SIEM Destination", "Exported", "informational"},
    {events_read, "events.read", "Events", "Read", "low"},
    {audit_key_exported, "audit_key.exported", "Audit Key", "Exported", "critical"},
    {authenticator_enrolled, "authenticator.enrolled", "Authenticator", "Enrolled", "medium"},
    {authenticator_confirmed, "authenticator.confirmed", "Authenticator", "Confirmed", "informational"},
    {authenticator_updated, "authenticator.updated", "Authenticator", "Updated", "low"},
    {authenticator_disabled, "authenticator.disabled", "Authenticator", "Disabled", "medium"},
    {authenticator_enabled, "authenticator.enabled", "Authenticator", "Enabled", "medium"},
    {authenticator_deleted, "authenticator.deleted", "Authenticator", "Deleted", "medium"},
    {authenticator_retired, "authenticator.retired", "Authenticator", "Retired", "medium"},
    {authenticator_compromised, "authenticator.compromised", "Authenticator", "Compromised", "high"},
    {authenticator_expired, "authenticator.expired", "Authenticator", "Expired", "low"},
    {authenticator_verified, "authenticator.verified", "Authenticator", "Verified", "informational"},
    {authenticator_reset, "authenticator.reset", "Authenticator", "Reset", "medium"},
    {authenticator_verification_failed, "authenticator.verification_failed", "Authenticator", "Failed", "low"},
    {authenticator_verification_refused, "authenticator.verification_refused", "Authenticator", "Refused", "medium"},
    {authenticator_locked, "authenticator.locked", "Authenticator", "Locked", "high"},
    {authenticator_unlocked, "authenticator.unlocked", "Authenticator", "Unlocked", "medium"},
    {authenticator_device_added, "authenticator.device_added", "Authenticator", "Device Added", "medium"},
    {authenticator_registration_failed, "authenticator.registration_failed", "Authenticator", "Registration Failed",
     "medium"},
    {authenticator_activated, "authenticator.activated", "Authenticator", "Activated", "medium"},
    {licence_created, "licence.created", "Licence", "Created", "informational"},
    {licence_updated, "licence.updated", "Licence", "Updated", "low"},
    {licence_deleted, "licence.deleted", "Licence", "Deleted", "medium"},
    {licence_activation_reserved, "licence.activation_reserved", "Licence", "Activation Reserved", "informational"},
    {licence_activation_released, "licence.activation_released", "Licence", "Activation Released", "informational"},
    {challenge_issued, "challenge.issued", "Challenge", "Issued", "informational"},
    {challenge_sending, "challenge.sending", "Challenge", "Sending", "informational"},
    {challenge_sent, "challenge.sent", "Challenge", "Sent", "informational"},
    {challenge_undelivered, "challenge.undelivered", "Challenge", "Undelivered", "medium"},
    {challenge_delivered, "challenge.delivered", "Challenge", "Delivered", "informational"},
    {challenge_deferred, "challenge.deferred", "Challenge", "Deferred", "low"},
    {challenge_refused, "challenge.refused", "Challenge", "Refused", "medium"},
    {hardware_token_imported, "hardware_token.imported", "Hardware Token", "Imported", "informational"},
    {hardware_token_assigned, "hardware_token.assigned", "Hardware Token", "Assigned", "medium"},
    {hardware_token_unassigned, "hardware_token.unassigned", "Hardware Token", "Unassigned", "medium"},
    {hardware_token_retired, "hardware_token.retired", "Hardware Token", "Retired", "medium"},
    {hardware_token_deleted, "hardware_token.deleted", "Hardware Token", "Deleted", "medium"},
};

constexpr std::pair<Role, std::string_view> role_names[] = {
    {Role::admin, "admin"}, {Role::operator_, "operator"}, {Role::auditor, "auditor"}, {Role::gateway, "gateway"},
    {Role::siem, "siem"},   {Role::scim, "scim"},          {Role::root, "root"},
};

}  // namespace

std::span<const EventName> event_catalogue() {
  return catalogue;
}

const EventName& name_of(EventType type) {
  static constexpr EventName unknown{none, "unknown", "Unknown", "Unknown", "low"};
  const auto* row = std::ranges::find(catalogue, type, &EventName::type);
  return row == std::end(catalogue) ? unknown : *row;
}

std::string_view severity_of(EventType type, Reason reason) {
  return reason == Reason::rescue ? "critical" : name_of(type).severity;
}

std::optional<EventType> event_type(std::string_view name) {
  const auto* row = std::ranges::find(catalogue, name, &EventName::name);
  if (row == std::end(catalogue)) return std::nullopt;
  return row->type;
}

std::string_view reason_text(Reason reason) {
  return reason == Reason::none ? "" : fb::EnumNameReason(reason);
}

std::string_view role_text(Role role) {
  for (const auto& [known, name] : role_names)
    if (known == role) return name;
  return "";
}

std::optional<Role> parse_role(std::string_view text) {
  for (const auto& [role, name] : role_names)
    if (name == text && role != Role::root) return role;
  return std::nullopt;
}

std::string_view party_kind_text(PartyKind kind) {
  return fb::EnumNamePartyKind(kind);
}

std::string party_text(const Party& party) {
  switch (party.kind) {
    case PartyKind::none: return "";
    case PartyKind::root: return "root";
    case PartyKind::system: return "system";
    case PartyKind::source: return "";
    case PartyKind::api_key: return ApiKeyId{party.id}.text();
    case PartyKind::user: return UserId{party.id}.text();
    case PartyKind::account: return account_text(AccountId{party.id});
    case PartyKind::registration_code: return CodeId{party.id}.text();
    case PartyKind::device: return DeviceId{party.id}.text();
    case PartyKind::token: return TokenId{party.id}.text();
    case PartyKind::session: return SessionId{party.id}.text();
    case PartyKind::operation: return OperationId{party.id}.text();
    case PartyKind::siem_destination: return SiemDestinationId{party.id}.text();
    case PartyKind::hardware_token: return HardwareTokenId{party.id}.text();
    case PartyKind::licence: return LicenceId{party.id}.text();
    case PartyKind::authenticator: return AuthenticatorId{party.id}.text();
  }
  return "";
}

}  // namespace countersign::domain
