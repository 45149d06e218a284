#pragma once
// The names that events have outside: dotted type, sub type and action (as event discovery shows them), severity. One
// row per event type; tests hold that none is missing.

#include <optional>
#include <span>
#include <string_view>

#include "domain/event.h"

namespace countersign::domain {

struct EventName {
  EventType type;
  std::string_view name;      ///< "registration_code.generated"
  std::string_view sub_type;  ///< "Registration Code"
  std::string_view action;    ///< "Generated"
  std::string_view severity;  ///< "informational", "low", "medium", "high", "critical"
};

std::span<const EventName> event_catalogue();
const EventName& name_of(EventType type);
/// The type's severity, or what an event's reason raises it to.
std::string_view severity_of(EventType type, Reason reason);
std::optional<EventType> event_type(std::string_view name);

/// "by_administrator", "code_expired" ...; empty for none.
std::string_view reason_text(Reason reason);
/// "admin", "operator" ...
std::string_view role_text(Role role);
std::optional<Role> parse_role(std::string_view text);
/// "user", "api_key" ...
std::string_view party_kind_text(PartyKind kind);
/// The id with its prefix; "root", "system" where there is none.
std::string party_text(const Party& party);

}  // namespace countersign::domain
