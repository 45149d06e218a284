#include "adapters/siem/ecs.h"

#include <algorithm>
#include <boost/json.hpp>

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/client_address.h"
#include "adapters/siem/mapping.h"
#include "adapters/siem/occurrence.h"
#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

namespace json = boost::json;
using domain::PartyKind;
using queries::RenderedEvent;
using queries::RenderedParty;

json::array words(const std::array<std::string_view, 2>& words) {
  json::array out;
  for (const auto word : words)
    if (!word.empty()) out.emplace_back(word);
  return out;
}

json::object event_fields(const RenderedEvent& event, const Mapping& mapping) {
  const auto& name = domain::name_of(event.type);
  json::object out{{"kind", "event"},
                   {"id", event.id},
                   {"code", name.name},
                   {"action", name.name},
                   {"category", words(mapping.ecs_category)},
                   {"type", words(mapping.ecs_type)},
                   {"outcome", event.success ? "success" : "failure"},
                   {"severity", severity_level(event.severity).of_ten},
                   {"sequence", event.sequence},
                   {"module", "countersign"},
                   {"dataset", "countersign.event"},
                   {"provider", product_name}};
  if (!event.reason.empty()) out["reason"] = event.reason;
  if (const auto counted = occurrence(event); counted && counted->since) {
    out["start"] = queries::rfc3339(*counted->since);
    out["end"] = queries::rfc3339(event.time);
  }
  return out;
}

json::object user(const RenderedParty& party) {
  json::object out;
  if (!party.id.empty()) out["id"] = party.id;
  if (!party.display.empty()) out[party.kind == PartyKind::user ? "full_name" : "name"] = party.display;
  return out;
}

json::value party(const RenderedParty& party) {
  json::object out{{"type", domain::party_kind_text(party.kind)}};
  if (!party.id.empty()) out["id"] = party.id;
  if (!party.display.empty()) out["name"] = party.display;
  return out;
}

/// user, user.target and related.user.
void put_people(json::object& out, json::object& related, const RenderedEvent& event) {
  auto actor = user(event.actor);
  json::array names;
  const auto relate = [&names](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, json::value(name)) == names.end()) names.emplace_back(name);
  };
  relate(event.actor.id);
  relate(event.actor.display);
  if (event.subject.kind == PartyKind::user) {
    actor["target"] = user(event.subject);
    relate(event.subject.id);
    relate(event.subject.display);
  }
  if (!actor.empty()) out["user"] = std::move(actor);
  if (!names.empty()) related["user"] = std::move(names);
}

json::object own_fields(const RenderedEvent& event, std::string_view cursor) {
  json::object out{{"mapping_version", mapping_version}};
  const std::pair<std::string_view, const RenderedParty*> parties[] = {
      {"actor", &event.actor}, {"subject", &event.subject}, {"target", &event.target}};
  for (const auto& [key, named] : parties)
    if (named->kind != PartyKind::none) out[key] = party(*named);
  if (!event.session.empty()) out["session_id"] = event.session;
  if (!event.details.empty()) out["details"] = event.details;
  if (!cursor.empty()) out["cursor"] = cursor;
  return out;
}

void put_location(json::object& source, const RenderedEvent& event) {
  json::object geo, as;
  if (!event.country.empty()) geo["country_iso_code"] = event.country;
  if (!event.city.empty()) geo["city_name"] = event.city;
  if (event.as_number > 0) as["number"] = event.as_number;
  if (!event.as_organization.empty()) as["organization"] = {{"name", event.as_organization}};
  if (!geo.empty()) source["geo"] = std::move(geo);
  if (!as.empty()) source["as"] = std::move(as);
}

}  // namespace

json::object ecs(const RenderedEvent& event, std::string_view cursor) {
  json::object related;
  json::object out{
      {"@timestamp", queries::rfc3339(event.time)},
      {"ecs", {{"version", ecs_version}}},
      {"message", message(event)},
      {"event", event_fields(event, mapping_of(event.type))},
      {"organization", {{"id", event.account}}},
      {"observer", {{"vendor", vendor_name}, {"product", product_name}, {"version", COUNTERSIGN_VERSION}}}};
  put_people(out, related, event);
  if (!event.ip.empty()) {
    out["source"] = {{"address", event.ip}};
    if (address_kind(event.ip) != AddressKind::none) {
      out["source"].as_object()["ip"] = event.ip;
      put_location(out["source"].as_object(), event);
      related["ip"] = json::array(1, json::value(event.ip));
    }
  }
  if (!event.user_agent.empty()) out["user_agent"] = {{"original", event.user_agent}};
  if (!event.correlation.empty()) out["trace"] = {{"id", event.correlation}};
  if (!related.empty()) out["related"] = std::move(related);
  out["countersign"] = own_fields(event, cursor);
  return out;
}

}  // namespace countersign::siem
