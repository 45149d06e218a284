#include "adapters/siem/leef.h"

#include <boost/json/serialize.hpp>

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/client_address.h"
#include "adapters/siem/line_text.h"
#include "adapters/siem/mapping.h"
#include "adapters/siem/occurrence.h"
#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

constexpr std::size_t most_value = 4000;

class Line {
 public:
  /// Every field is ours: none holds a pipe.
  void header(std::string_view field) { text_.append(field).append(1, '|'); }
  /// What is empty is left out.
  void put(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    text_.append(first_ ? "" : "\t").append(key).append(1, '=').append(cut(visible(value), most_value));
    first_ = false;
  }
  void party(const std::string& key, const queries::RenderedParty& party) {
    if (party.kind == domain::PartyKind::none) return;
    put(key + "Type", domain::party_kind_text(party.kind));
    put(key + "Id", party.id);
    put(key + "Name", party.display);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_ = "LEEF:2.0|";
  bool first_ = true;
};

/// As the SimpleDateFormat in devTimeFormat reads it, which knows no "Z" as a zone.
std::string device_time(domain::UnixMs time) {
  auto text = queries::rfc3339(time);
  text.pop_back();
  return text + "+0000";
}

}  // namespace

std::string leef(const queries::RenderedEvent& event, std::string_view cursor) {
  const auto& name = domain::name_of(event.type);
  Line line;
  line.header(vendor_name);
  line.header(product_name);
  line.header(COUNTERSIGN_VERSION);
  line.header(name.name);
  line.header("x09");
  line.put("devTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSZ");
  line.put("devTime", device_time(event.time));
  line.put("cat", name.sub_type);
  line.put("sev", std::to_string(severity_level(event.severity).of_ten));
  if (address_kind(event.ip) != AddressKind::none) line.put("src", event.ip);
  line.put("usrName", event.actor.display.empty() ? event.actor.id : event.actor.display);
  line.put("msg", message(event));
  line.put("eventId", event.id);
  line.put("account", event.account);
  line.put("sequence", std::to_string(event.sequence));
  line.put("action", name.action);
  line.put("outcome", event.success ? "success" : "failure");
  line.put("reason", event.reason);
  line.party("actor", event.actor);
  line.party("subject", event.subject);
  line.party("target", event.target);
  line.put("userAgent", event.user_agent);
  line.put("srcCountry", event.country);
  line.put("srcCity", event.city);
  if (event.as_number > 0) line.put("srcAsNumber", std::to_string(event.as_number));
  line.put("srcAsOrganization", event.as_organization);
  line.put("session", event.session);
  line.put("correlation", event.correlation);
  if (const auto counted = occurrence(event)) line.put("count", std::to_string(counted->count));
  if (!event.details.empty()) line.put("details", boost::json::serialize(event.details));
  line.put("cursor", cursor);
  return line.take();
}

}  // namespace countersign::siem
