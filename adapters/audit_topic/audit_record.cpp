#include "adapters/audit_topic/audit_record.h"

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/export_format.h"
#include "domain/event_catalogue.h"

namespace countersign::audit_topic {

AuditRecord record_of(const queries::RenderedEvent& event) {
  AuditRecord record{.key = event.account,
                     .value = siem::line_of(siem::ExportFormat::ocsf, event),
                     .headers = {{"ce_specversion", "1.0"},
                                 {"ce_id", event.id},
                                 {"ce_type", "countersign." + std::string(domain::name_of(event.type).name)},
                                 {"ce_source", "/accounts/" + event.account},
                                 {"ce_time", queries::rfc3339(event.time)},
                                 {"ce_sequence", std::to_string(event.sequence)},
                                 {"content-type", "application/json"}},
                     .mark = {}};
  if (!event.subject.id.empty()) record.headers.emplace_back("ce_subject", event.subject.id);
  return record;
}

}  // namespace countersign::audit_topic
