#pragma once
// What an event of each type consists of beyond what every event has: its payload, whom and what it is about, and what
// of it is sealed. One row a type. Decisions make such events and no others, which tests hold; whoever audits a log
// holds its events against it; docs/events.md is made from it.

#include <span>
#include <string_view>

#include "domain/event.h"

namespace countersign::domain {

struct EventShape {
  EventType type;
  fb::Payload payload;  ///< NONE: there is none
  /// Kind of subject and target. none: of a refusal, which is about a code or a key only if there is one with that
  /// secret.
  PartyKind subject, target;
  std::string_view sealed;  ///< names of the fields of Personal, with blanks between
};

std::span<const EventShape> event_shapes();
/// Null for a type that nothing is known of.
const EventShape* shape_of(EventType type);
/// Names of the fields of Personal that are filled, but for those of the request (address, user agent, location).
std::string filled_fields(const Personal& personal);
/// Whether each of the fields, by name, is one of the shape's.
bool may_seal(const EventShape& shape, std::string_view fields);

}  // namespace countersign::domain
