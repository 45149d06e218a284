#pragma once
// The state of an account as of a moment, by folding the log up to it.

#include "tools/replay/portrait.h"

namespace countersign::replay {

struct Question {
  domain::AccountId account;
  Moment at;  ///< events up to and including it
  Sitter whose;
};

/// Null when there was no such account (or user, or device) then. Throws std::runtime_error when the log can't be
/// folded.
boost::json::value state_at(const Source& source, const Question& question, const Progress& progress);

}  // namespace countersign::replay
