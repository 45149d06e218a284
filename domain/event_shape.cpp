#include "domain/event_shape.h"

#include <algorithm>

namespace countersign::domain {
namespace {

using fb::Payload;
using enum fb::EventType;

constexpr EventShape shapes[] = {
    {account_created, Payload::AccountCreated, PartyKind::account, PartyKind::account, "name"},
    {account_suspended, Payload::NONE, PartyKind::account, PartyKind::account, ""},
    {account_resumed, Payload::NONE, PartyKind::account, PartyKind::account, ""},
    {account_rescued, Payload::NONE, PartyKind::account, PartyKind::api_key, ""},
    {provisioning_changed, Payload::ProvisioningChanged, PartyKind::account, PartyKind::account, ""},
    {api_key_created, Payload::ApiKeyCreated, PartyKind::api_key, PartyKind::api_key, "name"},
    {api_key_revoked, Payload::ApiKeyRevoked, PartyKind::api_key, PartyKind::api_key, ""},
    {api_key_refused, Payload::Refusals, PartyKind::none, PartyKind::none, ""},
    {user_created, Payload::UserProfile, PartyKind::user, PartyKind::user,
     "first_name last_name email login_name attributes"},
    {user_updated, Payload::UserProfile, PartyKind::user, PartyKind::user,
     "first_name last_name email login_name attributes"},
    {user_disabled, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {user_enabled, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {user_reset, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {user_erased, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {registration_code_generated, Payload::CodeGenerated, PartyKind::user, PartyKind::registration_code, "code"},
    {registration_code_reserved, Payload::CodeReserved, PartyKind::user, PartyKind::registration_code, ""},
    {registration_code_reopened, Payload::NONE, PartyKind::user, PartyKind::registration_code, ""},
    {registration_code_used, Payload::CodeUsed, PartyKind::user, PartyKind::registration_code, ""},
    {registration_code_revoked, Payload::NONE, PartyKind::user, PartyKind::registration_code, ""},
    {registration_code_expired, Payload::NONE, PartyKind::user, PartyKind::registration_code, ""},
    {registration_code_redemption_refused, Payload::Refusals, PartyKind::none, PartyKind::none, ""},
    {registration_codes_downloaded, Payload::CodesDownloaded, PartyKind::account, PartyKind::account, "detail"},
    {device_activated, Payload::DeviceActivated, PartyKind::user, PartyKind::device,
     "device_name device_platform device_model device_serial device_public_key"},
    {device_renamed, Payload::NONE, PartyKind::user, PartyKind::device,
     "device_name device_platform device_model device_serial device_public_key"},
    {device_revoked, Payload::NONE, PartyKind::user, PartyKind::device, ""},
    {token_issued, Payload::TokenIssued, PartyKind::user, PartyKind::token, ""},
    {token_revoked, Payload::NONE, PartyKind::user, PartyKind::token, ""},
    {token_expired, Payload::NONE, PartyKind::user, PartyKind::token, ""},
    {session_started, Payload::SessionStarted, PartyKind::user, PartyKind::session, ""},
    {session_seen, Payload::SessionSeen, PartyKind::user, PartyKind::session, ""},
    {session_ended, Payload::NONE, PartyKind::user, PartyKind::session, ""},
    {operation_started, Payload::OperationRecord, PartyKind::operation, PartyKind::operation, ""},
    {operation_finished, Payload::OperationRecord, PartyKind::operation, PartyKind::operation, ""},
    {stream_started, Payload::StreamRecord, PartyKind::account, PartyKind::account, ""},
    {stream_ended, Payload::StreamRecord, PartyKind::account, PartyKind::account, ""},
    {server_started, Payload::ServerRecord, PartyKind::system, PartyKind::system, ""},
    {server_stopped, Payload::ServerRecord, PartyKind::system, PartyKind::system, ""},
    {log_restored, Payload::LogRestored, PartyKind::system, PartyKind::system, ""},
    {master_key_rotated, Payload::ServerRecord, PartyKind::system, PartyKind::system, ""},
    {log_upgraded, Payload::ServerRecord, PartyKind::system, PartyKind::system, ""},
    {siem_destination_created, Payload::SiemDestinationSet, PartyKind::siem_destination, PartyKind::siem_destination,
     "name attributes"},
    {siem_destination_updated, Payload::SiemDestinationSet, PartyKind::siem_destination, PartyKind::siem_destination,
     "name attributes"},
    {siem_destination_paused, Payload::NONE, PartyKind::siem_destination, PartyKind::siem_destination, ""},
    {siem_destination_resumed, Payload::NONE, PartyKind::siem_destination, PartyKind::siem_destination, ""},
    {siem_destination_deleted, Payload::NONE, PartyKind::siem_destination, PartyKind::siem_destination, ""},
    {siem_destination_rewound, Payload::SiemDestinationRewound, PartyKind::siem_destination,
     PartyKind::siem_destination, ""},
    {siem_destination_exported, Payload::SiemDestinationExported, PartyKind::siem_destination,
     PartyKind::siem_destination, ""},
    {events_read, Payload::EventsRead, PartyKind::account, PartyKind::account, ""},
    {audit_key_exported, Payload::NONE, PartyKind::account, PartyKind::account, "detail"},
    {authenticator_enrolled, Payload::AuthenticatorSet, PartyKind::user, PartyKind::authenticator,
     "name detail email phone"},
    {authenticator_confirmed, Payload::OtpAccepted, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_updated, Payload::AuthenticatorSet, PartyKind::user, PartyKind::authenticator,
     "name detail email phone"},
    {authenticator_disabled, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_enabled, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_deleted, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_retired, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_compromised, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_expired, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_verified, Payload::OtpAccepted, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_reset, Payload::OtpAccepted, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_verification_failed, Payload::OtpFailed, PartyKind::user, PartyKind::user, ""},
    {authenticator_verification_refused, Payload::Refusals, PartyKind::none, PartyKind::none, ""},
    {authenticator_locked, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {authenticator_unlocked, Payload::NONE, PartyKind::user, PartyKind::user, ""},
    {authenticator_device_added, Payload::DeviceAdded, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_registration_failed, Payload::RegistrationFailed, PartyKind::user, PartyKind::authenticator, ""},
    {authenticator_activated, Payload::NONE, PartyKind::user, PartyKind::authenticator, ""},
    {licence_created, Payload::LicenceSet, PartyKind::licence, PartyKind::licence, ""},
    {licence_updated, Payload::LicenceSet, PartyKind::licence, PartyKind::licence, ""},
    {licence_deleted, Payload::NONE, PartyKind::licence, PartyKind::licence, ""},
    {licence_activation_reserved, Payload::LicenceActivation, PartyKind::user, PartyKind::licence, ""},
    {licence_activation_released, Payload::LicenceActivation, PartyKind::user, PartyKind::licence, ""},
    {challenge_issued, Payload::ChallengeIssued, PartyKind::user, PartyKind::authenticator, "detail"},
    {challenge_sending, Payload::ChallengeDelivery, PartyKind::user, PartyKind::authenticator, ""},
    {challenge_sent, Payload::ChallengeDelivery, PartyKind::user, PartyKind::authenticator, ""},
    {challenge_undelivered, Payload::ChallengeDelivery, PartyKind::user, PartyKind::authenticator, ""},
    {challenge_delivered, Payload::ChallengeDelivery, PartyKind::user, PartyKind::authenticator, ""},
    {challenge_deferred, Payload::ChallengeDelivery, PartyKind::user, PartyKind::authenticator, ""},
    {challenge_refused, Payload::Refusals, PartyKind::none, PartyKind::none, ""},
    {hardware_token_imported, Payload::HardwareTokenSet, PartyKind::hardware_token, PartyKind::hardware_token, ""},
    {hardware_token_assigned, Payload::NONE, PartyKind::user, PartyKind::hardware_token, ""},
    {hardware_token_unassigned, Payload::HardwareTokenReturned, PartyKind::user, PartyKind::hardware_token, ""},
    {hardware_token_retired, Payload::NONE, PartyKind::hardware_token, PartyKind::hardware_token, ""},
    {hardware_token_deleted, Payload::NONE, PartyKind::hardware_token, PartyKind::hardware_token, ""},
};

/// Visits words with blanks between, until `visit` returns false.
template <class Visit>
bool each_word(std::string_view words, Visit visit) {
  while (!words.empty()) {
    const auto word = words.substr(0, words.find(' '));
    if (!visit(word)) return false;
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return true;
}

}  // namespace

std::span<const EventShape> event_shapes() {
  return shapes;
}

const EventShape* shape_of(EventType type) {
  const auto* found = std::ranges::find(shapes, type, &EventShape::type);
  return found == std::end(shapes) ? nullptr : found;
}

std::string filled_fields(const Personal& personal) {
  const std::pair<std::string_view, bool> fields[] = {{"first_name", !personal.first_name.empty()},
                                                      {"last_name", !personal.last_name.empty()},
                                                      {"email", !personal.email.empty()},
                                                      {"login_name", !personal.login_name.empty()},
                                                      {"attributes", !personal.attributes.empty()},
                                                      {"code", !personal.code.empty()},
                                                      {"device_name", !personal.device_name.empty()},
                                                      {"device_platform", !personal.device_platform.empty()},
                                                      {"device_model", !personal.device_model.empty()},
                                                      {"device_serial", !personal.device_serial.empty()},
                                                      {"device_public_key", !personal.device_public_key.empty()},
                                                      {"name", !personal.name.empty()},
                                                      {"detail", !personal.detail.empty()},
                                                      {"phone", !personal.phone.empty()}};
  std::string filled;
  for (const auto& [name, is_filled] : fields)
    if (is_filled) filled.append(filled.empty() ? "" : " ").append(name);
  return filled;
}

bool may_seal(const EventShape& shape, std::string_view fields) {
  return each_word(fields, [&](std::string_view field) {
    return !each_word(shape.sealed, [&](std::string_view known) { return known != field; });
  });
}

}  // namespace countersign::domain
