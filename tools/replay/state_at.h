#pragma once
// The state of an account as of a moment, by folding the log up to it: account, users, codes, devices, tokens,
// sessions, as JSON. Names are opened when the keys are there; codes never are.

#include <boost/json.hpp>
#include <optional>

#include "domain/ids.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

struct Question {
  domain::AccountId account;
  domain::UnixMs at = 0;               ///< events up to and including this moment
  std::optional<domain::UserId> user;  ///< nobody else
};

/// Null when there was no such account (or user) then. Throws std::runtime_error when the log can't be folded.
boost::json::value state_at(const Source& source, const Question& question, const Progress& progress);

/// "acc_... usr_..." of every user.erased event in the log, for `countersignd --restore --erasures`.
std::vector<std::string> erasures(const Source& source, const Progress& progress);

}  // namespace countersign::replay
