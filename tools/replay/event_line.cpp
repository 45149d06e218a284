#include "tools/replay/event_line.h"

#include <boost/json.hpp>

#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"

namespace countersign::replay {

namespace json = boost::json;
using queries::RenderedEvent;
using queries::RenderedParty;

std::string party_words(const RenderedParty& party) {
  if (party.kind == domain::PartyKind::none) return "";
  if (party.id.empty()) return std::string(domain::party_kind_text(party.kind));
  if (party.display.empty() || party.kind == domain::PartyKind::root || party.kind == domain::PartyKind::system)
    return party.id;
  return party.display + " (" + party.id + ")";
}

std::string event_line(const RenderedEvent& event) {
  auto line = queries::rfc3339(event.time) + "  #" + std::to_string(event.sequence) + "  " + party_words(event.actor);
  if (!event.ip.empty()) line += " from " + event.ip;
  line.append("  ").append(domain::name_of(event.type).name);
  line.append("  ").append(event.success ? "success" : "failure");
  if (!event.reason.empty()) line.append(", ").append(event.reason);
  const auto target = party_words(event.target), subject = party_words(event.subject);
  if (!target.empty()) line += "  on " + target;
  if (!subject.empty() && event.subject.id != event.target.id) line += " of " + subject;
  return line;
}

json::object event_summary(const RenderedEvent& event) {
  auto whole = queries::to_json(event);
  json::object summary;
  for (const auto* name : {"id", "sequence", "time", "type", "actor", "subject", "target", "outcome"})
    summary[name] = std::move(whole.at(name));
  return summary;
}

}  // namespace countersign::replay
