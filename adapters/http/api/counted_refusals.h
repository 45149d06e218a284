#pragma once
// Refusals about a user that decisions don't write, because they would let anybody fill the log: the first of a source
// and minute becomes an event at once, the rest are counted.

#include "adapters/commands/refusal_log.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

/// `type`: of an event that counts. `user`: nobody knows one of this id: the event names nobody.
void count_refusal(Exchange& exchange, Reads& reads, Writes& writes, commands::RefusalLog& refusals,
                   domain::EventType type, domain::Reason reason, domain::UserId user);

}  // namespace countersign::http
