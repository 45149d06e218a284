#pragma once
// Events as they come out of rendering, for tests of the formats: one of every type with everything filled in that such
// an event has, the same with nothing known, and the same written by somebody who means harm.

#include <string>
#include <vector>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem::test {

/// In the catalogue's order.
std::vector<queries::RenderedEvent> samples();
/// Nobody known, nothing said: no parties, no address, no details. A person of whom something is left is "(erased)".
queries::RenderedEvent bare(queries::RenderedEvent event);
/// All texts that come from outside are `text`.
queries::RenderedEvent written_as(queries::RenderedEvent event, const std::string& text);
/// What people who mean harm put into names.
const std::vector<std::string>& hostile_texts();

}  // namespace countersign::siem::test
