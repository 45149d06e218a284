#include "adapters/siem/ocsf_objects.h"

#include <boost/json.hpp>

#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

namespace json = boost::json;
using domain::PartyKind;
using queries::RenderedEvent;
using queries::RenderedParty;

constexpr std::string_view unknown = "(unknown)";
constexpr unsigned other = 99;

struct Kind {
  unsigned id;
  std::string_view name;
};

/// type_id and type of a user.
Kind user_kind(PartyKind kind) {
  switch (kind) {
    case PartyKind::user: return {1, "User"};
    case PartyKind::root: return {2, "Admin"};
    case PartyKind::system: return {3, "System"};
    case PartyKind::api_key: return {4, "Service"};
    default: return {0, "Unknown"};
  }
}

/// type_id and type of a managed entity.
Kind entity_kind(const RenderedEvent& event) {
  switch (event.target.kind) {
    case PartyKind::device: return {1, "Device"};
    case PartyKind::user: return {2, "User"};
    case PartyKind::account: return {4, "Organization"};
    case PartyKind::api_key: return {other, "API Key"};
    case PartyKind::registration_code: return {other, "Registration Code"};
    case PartyKind::token: return {other, "Access Token"};
    case PartyKind::session: return {other, "Session"};
    case PartyKind::operation: return {other, "Operation"};
    case PartyKind::siem_destination: return {other, "SIEM Destination"};
    case PartyKind::authenticator: return {other, "Authenticator"};
    case PartyKind::hardware_token: return {other, "Hardware Token"};
    case PartyKind::licence: return {other, "Licence"};
    default: return {other, domain::name_of(event.type).sub_type};
  }
}

json::object named(const RenderedParty& party) {
  json::object out;
  if (!party.id.empty()) out["uid"] = party.id;
  if (!party.display.empty()) out["name"] = party.display;
  if (out.empty()) out["name"] = unknown;
  return out;
}

json::object typed(json::object out, const Kind& kind) {
  out["type_id"] = kind.id;
  out["type"] = kind.name;
  return out;
}

json::object device(const RenderedEvent& event) {
  auto out = typed(named(event.target), {0, "Unknown"});
  if (const auto* model = event.details.if_contains("model"); model && model->is_string()) out["model"] = *model;
  return out;
}

}  // namespace

json::object ocsf_user(const RenderedParty& party) {
  return typed(named(party), user_kind(party.kind));
}

json::object ocsf_actor(const RenderedParty& party) {
  if (party.kind == PartyKind::none || party.kind == PartyKind::source) return {};
  return {{"user", ocsf_user(party)}};
}

json::object ocsf_endpoint(const RenderedEvent& event) {
  json::object out{{"ip", event.ip}}, location, system;
  if (!event.country.empty()) location["country"] = event.country;
  if (!event.city.empty()) location["city"] = event.city;
  if (event.as_number > 0) system["number"] = event.as_number;
  if (!event.as_organization.empty()) system["name"] = event.as_organization;
  if (!location.empty()) out["location"] = std::move(location);
  if (!system.empty()) out["autonomous_system"] = std::move(system);
  return out;
}

json::object ocsf_entity(const RenderedEvent& event, OcsfEntity kind) {
  switch (kind) {
    case OcsfEntity::policy:
      return {{"type_id", 5},
              {"type", "Policy"},
              {"name", "Provisioning policy"},
              {"policy", {{"name", "Provisioning policy"}, {"data", event.details}}}};
    case OcsfEntity::open_codes:
      return {{"type_id", other}, {"type", "Registration Code"}, {"name", "Open registration codes"}};
    case OcsfEntity::master_key: return {{"type_id", other}, {"type", "Master Key"}, {"name", "Master key"}};
    case OcsfEntity::target: break;
  }
  auto out = typed(named(event.target), entity_kind(event));
  if (event.target.kind == PartyKind::device) out["device"] = device(event);
  if (event.target.kind == PartyKind::account) out["org"] = named(event.target);
  if (event.subject.kind == PartyKind::user) out["user"] = ocsf_user(event.subject);
  return out;
}

}  // namespace countersign::siem
