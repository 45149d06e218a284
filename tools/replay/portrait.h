#pragma once
// A folded account as JSON, with the field names of the API: the account with its policy and keys, its users with their
// codes, devices, tokens and sessions, each with its effective status at the moment. Names are opened when there are
// keys for them; the texts of codes never are.

#include <boost/json.hpp>

#include "adapters/queries/seal_opener.h"
#include "tools/replay/history.h"

namespace countersign::replay {

/// Whom a portrait is of; nobody named: everybody.
struct Sitter {
  std::optional<domain::UserId> user;
  std::optional<domain::DeviceId> device;  ///< with what was activated with it, and whose it is
};

/// `keys` may be null. Nothing when there was no such account, user or device at the moment.
std::optional<boost::json::object> portrait(const FoldedAccount& folded, const bus::LogIdentity& log,
                                            const Sitter& sitter, keys::SealKeys* keys);

/// "open", "used" ...
std::string_view text_of_status(domain::CodeStatus status);

}  // namespace countersign::replay
