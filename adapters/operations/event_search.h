#pragma once
// What the log says about an operation. Events stand in the order of their times, so the walk goes back from the newest
// one until long before the operation was made. Over what has landed. They throw when an event on the way can't be
// read.

#include "adapters/operations/operation.h"
#include "projections/views.h"

namespace countersign::operations {

/// `type` is operation_started or operation_finished.
bool has_event(const projections::Views& views, const domain::State& state, const Operation& operation,
               domain::EventType type);
/// Registration codes that the operation has generated.
std::uint64_t codes_generated(const projections::Views& views, const domain::State& state, const Operation& operation);

}  // namespace countersign::operations
