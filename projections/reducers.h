#pragma once
// The folds: event -> changes of rows. Used alike by the owner's overlay, recovery, followers and rebuilds, always on
// the encoded event, so all of them come to the same bytes. They open no seal, read no clock, draw nothing.

#include "domain/seal.h"
#include "projections/view_state.h"

namespace countersign::projections {

/// Folds one event into `overlay`, reading through `state` (which sees `overlay` first).
/// Throws std::runtime_error when the event contradicts the rows: the partition must stop then.
void reduce(Overlay& overlay, const ViewState& state, const domain::RecordedEvent& recorded, std::string_view bytes);

/// Keeps an answer record (its scope stands in its first 32 bytes) as of the frame's time.
void reduce_answer(Overlay& overlay, std::string_view record, domain::UnixMs frame_time);

}  // namespace countersign::projections
