#pragma once
// An event as a record of the public topic: OCSF as JSON, and its context as CloudEvents 1.0 has it in Kafka's headers
// (binary content mode).

#include "adapters/audit_topic/audit_topic.h"
#include "adapters/queries/rendered_event.h"

namespace countersign::audit_topic {

AuditRecord record_of(const queries::RenderedEvent& event);

}  // namespace countersign::audit_topic
