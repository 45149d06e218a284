#include "adapters/siem/mapping.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

using enum domain::fb::EventType;
using enum OcsfClass;

constexpr Mapping table[] = {
    {account_created, "Account created", entity_management, 1, "Create", {"iam"}, {"creation", "admin"}},
    {account_suspended, "Account suspended", entity_management, 12, "Suspend", {"iam"}, {"change", "admin"}},
    {account_resumed, "Account resumed", entity_management, 13, "Resume", {"iam"}, {"change", "admin"}},
    {account_rescued, "Account rescued by the root key", entity_management, 3, "Update", {"iam"}, {"change", "admin"}},
    {provisioning_changed,
     "Provisioning policy changed",
     entity_management,
     3,
     "Update",
     {"configuration"},
     {"change"},
     OcsfEntity::policy},
    {api_key_created, "API key created", entity_management, 1, "Create", {"iam"}, {"creation", "admin"}},
    {api_key_revoked, "API key revoked", entity_management, 4, "Delete", {"iam"}, {"deletion", "admin"}},
    {api_key_refused, "API key refused", authentication, 1, "Logon", {"authentication"}, {"start"}},
    {user_created, "User created", account_change, 1, "Create", {"iam"}, {"creation", "user"}},
    {user_updated, "User updated", entity_management, 3, "Update", {"iam"}, {"change", "user"}},
    {user_disabled, "User disabled", account_change, 5, "Disable", {"iam"}, {"change", "user"}},
    {user_enabled, "User enabled", account_change, 2, "Enable", {"iam"}, {"change", "user"}},
    {user_reset, "User's password reset", account_change, 4, "Password Reset", {"iam"}, {"change", "user"}},
    {user_erased, "User erased", account_change, 6, "Delete", {"iam"}, {"deletion", "user"}},
    {registration_code_generated, "Registration code generated", entity_management, 1, "Create", {"iam"}, {"creation"}},
    {registration_code_reserved, "Registration code reserved", entity_management, 3, "Update", {"iam"}, {"change"}},
    {registration_code_reopened, "Registration code reopened", entity_management, 3, "Update", {"iam"}, {"change"}},
    {registration_code_used, "Registration code used", entity_management, 10, "Activate", {"iam"}, {"change"}},
    {registration_code_revoked,
     "Registration code revoked",
     entity_management,
     11,
     "Deactivate",
     {"iam"},
     {"deletion"}},
    {registration_code_expired,
     "Registration code expired",
     entity_management,
     11,
     "Deactivate",
     {"iam"},
     {"deletion"}},
    {registration_code_redemption_refused,
     "Redemption of a registration code refused",
     entity_management,
     10,
     "Activate",
     {"authentication"},
     {"start"}},
    {registration_codes_downloaded,
     "Open registration codes downloaded",
     entity_management,
     2,
     "Read",
     {"iam"},
     {"info", "admin"},
     OcsfEntity::open_codes},
    {device_activated, "Device activated", entity_management, 6, "Enroll", {"iam"}, {"creation"}},
    {device_renamed, "Device renamed", entity_management, 5, "Move", {"iam"}, {"change"}},
    {device_revoked, "Device revoked", entity_management, 7, "Unenroll", {"iam"}, {"deletion"}},
    {token_issued, "Access token issued", entity_management, 1, "Create", {"iam"}, {"creation"}},
    {token_revoked, "Access token revoked", entity_management, 4, "Delete", {"iam"}, {"deletion"}},
    {token_expired, "Access token expired", entity_management, 4, "Delete", {"iam"}, {"deletion"}},
    {session_started, "Session started", authentication, 1, "Logon", {"authentication", "session"}, {"start"}},
    {session_seen, "Session seen", authentication, 99, "Seen", {"session"}, {"info"}},
    {session_ended, "Session ended", authentication, 2, "Logoff", {"authentication", "session"}, {"end"}},
    {operation_started, "Operation started", entity_management, 1, "Create", {"api"}, {"start"}},
    {operation_finished, "Operation finished", entity_management, 3, "Update", {"api"}, {"end"}},
    {stream_started, "Event stream started", event_log_activity, 3, "Export", {"api"}, {"access", "start"}},
    {stream_ended, "Event stream ended", event_log_activity, 99, "Export ended", {"api"}, {"access", "end"}},
    {server_started, "Server started", application_lifecycle, 3, "Start", {"process"}, {"start"}},
    {server_stopped, "Server stopped", application_lifecycle, 4, "Stop", {"process"}, {"end"}},
    {log_restored, "Log restored from a backup", event_log_activity, 99, "Restore", {"configuration"}, {"change"}},
    {master_key_rotated,
     "Master key rotated",
     entity_management,
     3,
     "Update",
     {"configuration"},
     {"change"},
     OcsfEntity::master_key},
    {log_upgraded, "Format of the log raised", application_lifecycle, 8, "Update", {"configuration"}, {"change"}},
    {siem_destination_created,
     "SIEM destination created",
     entity_management,
     1,
     "Create",
     {"configuration"},
     {"creation"}},
    {siem_destination_updated,
     "SIEM destination updated",
     entity_management,
     3,
     "Update",
     {"configuration"},
     {"change"}},
    {siem_destination_paused,
     "SIEM destination paused",
     entity_management,
     12,
     "Suspend",
     {"configuration"},
     {"change"}},
    {siem_destination_resumed,
     "SIEM destination resumed",
     entity_management,
     13,
     "Resume",
     {"configuration"},
     {"change"}},
    {siem_destination_deleted,
     "SIEM destination deleted",
     entity_management,
     4,
     "Delete",
     {"configuration"},
     {"deletion"}},
    {siem_destination_rewound,
     "SIEM destination rewound",
     entity_management,
     3,
     "Update",
     {"configuration"},
     {"change"}},
    {siem_destination_exported,
     "Events sent to a SIEM destination",
     event_log_activity,
     3,
     "Export",
     {"api"},
     {"access"}},
    {events_read, "Events read", event_log_activity, 99, "Read", {"api"}, {"access", "info"}},
    {audit_key_exported, "Audit key exported", entity_management, 2, "Read", {"iam"}, {"info", "admin"}},
    {authenticator_enrolled, "Authenticator enrolled", entity_management, 6, "Enroll", {"iam"}, {"creation"}},
    {authenticator_confirmed,
     "Authenticator confirmed",
     account_change,
     10,
     "MFA Factor Enable",
     {"iam"},
     {"change", "user"}},
    {authenticator_updated, "Authenticator updated", entity_management, 3, "Update", {"iam"}, {"change"}},
    {authenticator_disabled,
     "Authenticator disabled",
     account_change,
     11,
     "MFA Factor Disable",
     {"iam"},
     {"change", "user"}},
    {authenticator_enabled,
     "Authenticator enabled",
     account_change,
     10,
     "MFA Factor Enable",
     {"iam"},
     {"change", "user"}},
    {authenticator_deleted, "Authenticator deleted", entity_management, 4, "Delete", {"iam"}, {"deletion"}},
    {authenticator_retired,
     "Authenticator retired",
     account_change,
     11,
     "MFA Factor Disable",
     {"iam"},
     {"change", "user"}},
    {authenticator_compromised,
     "Authenticator compromised",
     account_change,
     11,
     "MFA Factor Disable",
     {"iam"},
     {"change", "user"}},
    {authenticator_expired,
     "Authenticator expired",
     account_change,
     11,
     "MFA Factor Disable",
     {"iam"},
     {"change", "user"}},
    {authenticator_verified, "One-time password accepted", authentication, 99, "Verify", {"authentication"}, {"info"}},
    {authenticator_reset, "Authenticator reset", entity_management, 3, "Update", {"iam"}, {"change"}},
    {authenticator_verification_failed,
     "One-time password wrong",
     authentication,
     99,
     "Verify",
     {"authentication"},
     {"info"}},
    {authenticator_verification_refused,
     "One-time password refused",
     authentication,
     99,
     "Verify",
     {"authentication"},
     {"info"}},
    {authenticator_locked, "Authenticators locked", account_change, 9, "Lock", {"iam"}, {"change", "user"}},
    {authenticator_unlocked, "Authenticators unlocked", account_change, 12, "Unlock", {"iam"}, {"change", "user"}},
};

constexpr ClassName classes[] = {
    {event_log_activity, "Event Log Activity", 1, "System Activity"},
    {account_change, "Account Change", 3, "Identity & Access Management"},
    {authentication, "Authentication", 3, "Identity & Access Management"},
    {entity_management, "Entity Management", 3, "Identity & Access Management"},
    {application_lifecycle, "Application Lifecycle", 6, "Application Activity"},
};

constexpr SeverityLevel severities[] = {
    {"informational", 1, "Informational", 1}, {"low", 2, "Low", 3}, {"medium", 3, "Medium", 5}, {"high", 4, "High", 8},
    {"critical", 5, "Critical", 10},
};

}  // namespace

std::span<const Mapping> mappings() {
  return table;
}

const Mapping& mapping_of(domain::EventType type) {
  const auto* row = std::ranges::find(table, type, &Mapping::type);
  if (row == std::end(table)) throw std::logic_error("no SIEM mapping for " + std::string(domain::name_of(type).name));
  return *row;
}

const ClassName& class_name(OcsfClass ocsf_class) {
  return *std::ranges::find(classes, ocsf_class, &ClassName::ocsf_class);
}

unsigned type_uid(const Mapping& mapping) {
  return static_cast<unsigned>(mapping.ocsf_class) * 100 + mapping.ocsf_activity;
}

const SeverityLevel& severity_level(std::string_view severity) {
  const auto* level = std::ranges::find(severities, severity, &SeverityLevel::name);
  if (level == std::end(severities)) throw std::logic_error("no severity " + std::string(severity));
  return *level;
}

}  // namespace countersign::siem
