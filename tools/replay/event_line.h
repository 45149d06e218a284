#pragma once
// An event as a line of a story: when, who, what, with which outcome, on what. And the same, short, as JSON.

#include <string>

#include "adapters/queries/rendered_event.h"

namespace countersign::replay {

/// Not escaped yet: it may hold what others wrote.
std::string event_line(const queries::RenderedEvent& event);

/// {"id", "sequence", "time", "type", "actor", "target", "outcome"}.
boost::json::object event_summary(const queries::RenderedEvent& event);
/// "Help desk (key_...)"; the kind where there is neither name nor id.
std::string party_words(const queries::RenderedParty& party);

}  // namespace countersign::replay
