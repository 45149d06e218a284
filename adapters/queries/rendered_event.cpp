#include "adapters/queries/rendered_event.h"

#include <boost/json.hpp>

#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"

namespace countersign::queries {
namespace {

namespace json = boost::json;

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value party(const RenderedParty& party) {
  if (party.kind == domain::PartyKind::none) return nullptr;
  return json::object{{"type", domain::party_kind_text(party.kind)},
                      {"id", text_or_null(party.id)},
                      {"display", text_or_null(party.display)}};
}

/// What is known of the address's place only when it is: without a database of locations nothing is.
json::object client(const RenderedEvent& event) {
  json::object out{{"ip", text_or_null(event.ip)}, {"user_agent", text_or_null(event.user_agent)}};
  if (!event.country.empty()) out["country"] = event.country;
  if (!event.city.empty()) out["city"] = event.city;
  if (event.as_number > 0) out["as_number"] = event.as_number;
  if (!event.as_organization.empty()) out["as_organization"] = event.as_organization;
  return out;
}

}  // namespace

json::object to_json(const RenderedEvent& event) {
  const auto& name = domain::name_of(event.type);
  return {{"id", event.id},
          {"account", event.account},
          {"sequence", event.sequence},
          {"time", rfc3339(event.time)},
          {"type", name.name},
          {"sub_type", name.sub_type},
          {"action", name.action},
          {"severity", event.severity},
          {"outcome", {{"result", event.success ? "success" : "failure"}, {"reason", text_or_null(event.reason)}}},
          {"actor", party(event.actor)},
          {"subject", party(event.subject)},
          {"target", party(event.target)},
          {"client", client(event)},
          {"session_id", text_or_null(event.session)},
          {"correlation_id", text_or_null(event.correlation)},
          {"details", event.details},
          {"position", event.position}};
}

}  // namespace countersign::queries
