#pragma once
// Why something is as it is: "this token is inactive because it was revoked with its device, which was revoked because
// its code was revoked by an administrator at such a time". The effective status at a moment, what ended it and what
// lies behind that, event by event, and where it came from.

#include <boost/json.hpp>

#include "tools/replay/history.h"

namespace countersign::replay {

/// What is asked about: a user, registration_code, device, token, session or authenticator.
struct ExplainQuestion {
  domain::AccountId account;
  domain::Party object;
  Moment at;
};

/// {"kind", "id", "user_id", "at", "status", "account_status", "why": text, "because": [{"text", "event"}], "origin":
/// [...]}. `because` begins with what ended the object and goes on to what lies behind it; empty while it is as it was
/// made. Null when there was no such object. Throws std::runtime_error when the log can't be folded.
boost::json::value explain(const Source& source, const ExplainQuestion& question, const Progress& progress);

/// The same for people, a line an event.
std::string explanation_text(const boost::json::object& explanation);

}  // namespace countersign::replay
