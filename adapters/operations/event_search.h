#pragma once
// Whether the log has an operation's event. Events stand in the order of their times, so the walk goes back from the
// newest one until long before the event could have been written.

#include "adapters/operations/operation.h"
#include "projections/views.h"

namespace countersign::operations {

/// `type` is operation_started or operation_finished, written at `earliest` or later. Over what has landed.
bool has_event(const projections::Views& views, const domain::State& state, const Operation& operation,
               domain::EventType type, domain::UnixMs earliest);

}  // namespace countersign::operations
