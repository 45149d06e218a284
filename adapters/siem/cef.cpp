#include "adapters/siem/cef.h"

#include <boost/json/serialize.hpp>

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/client_address.h"
#include "adapters/siem/line_text.h"
#include "adapters/siem/mapping.h"
#include "adapters/siem/occurrence.h"
#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

constexpr std::size_t most_text = 1023, most_custom = 4000;  // bytes; the dictionary counts characters

void put_escaped(std::string& out, std::string_view text, std::string_view escaped) {
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += c == '\n' ? "\\n" : "\\r";
      continue;
    }
    if (escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

class Line {
 public:
  void header(std::string_view field) {
    put_escaped(text_, visible(field), "\\|");
    text_ += '|';
  }
  /// What is empty is left out.
  void put(std::string_view key, std::string_view value, std::size_t most = most_text) {
    if (value.empty()) return;
    text_.append(first_ ? "" : " ").append(key).append(1, '=');
    put_escaped(text_, cut(visible(value, true), most), "\\=");
    first_ = false;
  }
  void put(std::string_view key, std::uint64_t value) { put(key, std::to_string(value)); }
  /// A field whose meaning stands in its label.
  void custom(const std::string& key, std::string_view label, std::string_view value) {
    if (value.empty()) return;
    put(key + "Label", label);
    put(key, value, most_custom);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_ = "CEF:0|";
  bool first_ = true;
};

void put_address(Line& line, const std::string& ip) {
  switch (address_kind(ip)) {
    case AddressKind::none: return;
    case AddressKind::ipv4: return line.put("src", ip);
    case AddressKind::ipv6: return line.custom("c6a2", "Source IPv6 Address", ip);
  }
}

}  // namespace

std::string cef(const queries::RenderedEvent& event, std::string_view cursor) {
  const auto& name = domain::name_of(event.type);
  const auto& mapping = mapping_of(event.type);
  Line line;
  line.header(vendor_name);
  line.header(product_name);
  line.header(COUNTERSIGN_VERSION);
  line.header(name.name);
  line.header(mapping.title);
  line.header(std::to_string(severity_level(event.severity).of_ten));
  line.put("rt", std::to_string(event.time));
  line.put("externalId", event.id);
  line.put("cat", name.sub_type);
  line.put("act", name.action);
  line.put("outcome", event.success ? "success" : "failure");
  line.put("reason", event.reason);
  put_address(line, event.ip);
  line.put("requestClientApplication", event.user_agent);
  line.put("suid", event.actor.id);
  line.put("suser", event.actor.display);
  line.put("duid", event.subject.id);
  line.put("duser", event.subject.display);
  if (const auto counted = occurrence(event)) {
    line.put("cnt", counted->count);
    if (counted->since) line.put("start", std::to_string(*counted->since));
  }
  line.put("msg", message(event));
  line.custom("cs1", "Account", event.account);
  line.custom("cs2", "Target", event.target.id);
  line.custom("cs3", "Target Name", event.target.display);
  line.custom("cs4", "Session", event.session);
  line.custom("cs5", "Correlation", event.correlation);
  if (!event.details.empty()) line.custom("cs6", "Details", boost::json::serialize(event.details));
  line.custom("cn1", "Sequence", std::to_string(event.sequence));
  if (event.as_number > 0) line.custom("cn2", "Source AS Number", std::to_string(event.as_number));
  line.custom("flexString2", "Source Country", event.country);
  line.custom("flexString1", "Cursor", cursor);
  return line.take();
}

}  // namespace countersign::siem
