#pragma once
// What changed in an account between two moments, and by which events: two states, folded one on top of the other, held
// against each other object by object and field by field.

#include "tools/replay/portrait.h"

namespace countersign::replay {

struct DifferenceQuestion {
  domain::AccountId account;
  Moment from, to;
  Sitter whose;
};

/// {"account", "from", "to": {"at", "position", "sequence"}, "created", "changed", "gone": [{"kind", "id", "user_id",
/// "fields": {name: {"old", "new"}}}], "events": [{"id", "sequence", "time", "type", "actor", "target", ...}]}. Fields
/// of what was created have no old value, of what is gone no new one. Null when there was no such account or person at
/// either moment. Throws std::runtime_error: `to` lies before `from`, or the log can't be folded.
boost::json::value difference(const Source& source, const DifferenceQuestion& question, const Progress& progress);

/// The same for people, a line a change.
std::string difference_text(const boost::json::object& difference);

}  // namespace countersign::replay
