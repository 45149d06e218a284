#include "adapters/siem/ocsf.h"

#include <boost/json.hpp>

#include "adapters/siem/client_address.h"
#include "adapters/siem/mapping.h"
#include "adapters/siem/occurrence.h"
#include "adapters/siem/ocsf_objects.h"
#include "domain/event_catalogue.h"

namespace countersign::siem {
namespace {

namespace json = boost::json;
using queries::RenderedEvent;

json::object product() {
  return {{"name", product_name}, {"vendor_name", vendor_name}, {"version", COUNTERSIGN_VERSION}};
}

void put_classification(json::object& out, const Mapping& mapping, std::string_view severity) {
  const auto& named = class_name(mapping.ocsf_class);
  const auto& level = severity_level(severity);
  const auto caption = mapping.ocsf_activity == 99 ? "Other" : mapping.ocsf_activity_name;
  out["category_uid"] = named.category;
  out["category_name"] = named.category_name;
  out["class_uid"] = static_cast<unsigned>(mapping.ocsf_class);
  out["class_name"] = named.name;
  out["activity_id"] = mapping.ocsf_activity;
  out["activity_name"] = mapping.ocsf_activity_name;
  out["type_uid"] = type_uid(mapping);
  out["type_name"] = std::string(named.name).append(": ").append(caption);
  out["severity_id"] = level.ocsf;
  out["severity"] = level.ocsf_name;
}

void put_metadata(json::object& out, const RenderedEvent& event) {
  json::object metadata{{"version", ocsf_version},
                        {"product", product()},
                        {"uid", event.id},
                        {"event_code", domain::name_of(event.type).name},
                        {"tenant_uid", event.account},
                        {"sequence", event.sequence}};
  if (!event.correlation.empty()) metadata["correlation_uid"] = event.correlation;
  out["metadata"] = std::move(metadata);
}

void put_outcome(json::object& out, const RenderedEvent& event) {
  out["status_id"] = event.success ? 1 : 2;
  out["status"] = event.success ? "Success" : "Failure";
  if (!event.reason.empty()) out["status_detail"] = event.reason;
  out["message"] = message(event);
  if (const auto counted = occurrence(event)) {
    out["count"] = counted->count;
    if (counted->since) {
      out["start_time"] = *counted->since;
      out["end_time"] = event.time;
    }
  }
}

/// Who did it and from where, as far as the class has a place for that; the rest goes to `unmapped`.
void put_origin(json::object& out, json::object& unmapped, const RenderedEvent& event, OcsfClass ocsf_class) {
  const bool lifecycle = ocsf_class == OcsfClass::application_lifecycle;
  const bool iam = !lifecycle && ocsf_class != OcsfClass::event_log_activity;
  auto actor = ocsf_actor(event.actor);
  if (!actor.empty()) (lifecycle ? unmapped : out)["actor"] = std::move(actor);
  if (!event.ip.empty()) {
    if (!lifecycle && address_kind(event.ip) != AddressKind::none)
      out["src_endpoint"] = ocsf_endpoint(event);
    else
      unmapped["ip"] = event.ip;
  }
  if (event.user_agent.empty()) return;
  if (iam)
    out["http_request"] = {{"user_agent", event.user_agent}};
  else
    unmapped["user_agent"] = event.user_agent;
}

/// True when the session has found its place.
bool put_object(json::object& out, const RenderedEvent& event, const Mapping& mapping) {
  switch (mapping.ocsf_class) {
    case OcsfClass::account_change: out["user"] = ocsf_user(event.subject); return false;
    case OcsfClass::entity_management: out["entity"] = ocsf_entity(event, mapping.entity); return false;
    case OcsfClass::application_lifecycle: out["app"] = product(); return false;
    case OcsfClass::event_log_activity:
      out["log_name"] = event.account;
      out["log_provider"] = product_name;
      out["log_type_id"] = 2;
      out["log_type"] = "Application";
      return false;
    case OcsfClass::authentication: break;
  }
  out["user"] = ocsf_user(event.subject);
  out["service"] = {{"name", product_name}, {"version", COUNTERSIGN_VERSION}};
  const auto& session = event.target.kind == domain::PartyKind::session ? event.target.id : event.session;
  if (!session.empty()) out["session"] = {{"uid", session}};
  return true;
}

/// Whom an Entity Management event is about when that is neither its entity nor a user: another account.
void put_other_subject(json::object& unmapped, const RenderedEvent& event, const Mapping& mapping) {
  const auto& subject = event.subject;
  const bool placed = subject.kind == domain::PartyKind::none || subject.kind == domain::PartyKind::user ||
                      subject.id == event.target.id;
  if (mapping.ocsf_class != OcsfClass::entity_management || placed) return;
  unmapped["subject"] = {
      {"type", domain::party_kind_text(subject.kind)}, {"uid", subject.id}, {"name", subject.display}};
}

}  // namespace

json::object ocsf(const RenderedEvent& event, std::string_view cursor) {
  const auto& mapping = mapping_of(event.type);
  json::object out, unmapped{{"mapping_version", mapping_version}};
  put_classification(out, mapping, event.severity);
  out["time"] = event.time;
  out["timezone_offset"] = 0;
  put_metadata(out, event);
  put_outcome(out, event);
  put_origin(out, unmapped, event, mapping.ocsf_class);
  if (!put_object(out, event, mapping) && !event.session.empty()) unmapped["session_uid"] = event.session;
  put_other_subject(unmapped, event, mapping);
  if (!event.details.empty()) unmapped["details"] = event.details;
  if (!cursor.empty()) unmapped["cursor"] = cursor;
  out["unmapped"] = std::move(unmapped);
  return out;
}

}  // namespace countersign::siem
