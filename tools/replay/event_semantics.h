#pragma once
// What an event of each type must be beyond being readable: its payload is its type's, and it is about what its type is
// about. Bytes that a FlatBuffers verifier lets through can still say nothing that any release has ever meant.

#include <string>

#include "domain/event.h"

namespace countersign::replay {

/// Empty: the event says what one of its type says. Otherwise what is wrong, to follow "event ... ".
std::string semantic_flaw(const domain::EventView& event);

}  // namespace countersign::replay
