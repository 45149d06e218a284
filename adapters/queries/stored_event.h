#pragma once
// An event as it stands in the views. One that can't be read is damage: an answer that left it out, or ended at it,
// would pass for everything there is.

#include <string_view>

#include "bus/acceptance_state.h"
#include "domain/event.h"

namespace countersign::queries {

/// Throws std::runtime_error that says which frame it came in.
domain::EventView stored_event(std::string_view bytes, bus::FrameNumber frame);

}  // namespace countersign::queries
