#pragma once
// How often what an event says has happened, and the sentence that stands for it: the same in all formats.

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

struct Occurrence {
  std::uint64_t count = 1;
  std::optional<domain::UnixMs> since;  ///< the minute in which they were counted
};

/// Of refusals that were counted; nothing for an event that stands for itself.
std::optional<Occurrence> occurrence(const queries::RenderedEvent& event);
/// The mapping's title, and the reason if there is one: "Registration code revoked: by_administrator".
std::string message(const queries::RenderedEvent& event);

}  // namespace countersign::siem
