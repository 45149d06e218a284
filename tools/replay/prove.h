#pragma once
// Proofs of an account's Merkle log (RFC 6962) as JSON, made from the log itself and not from what a server has kept of
// it. With keys the newest signed head is in them when it is the one that the proof leads to.

#include <boost/json.hpp>
#include <optional>

#include "adapters/notary/signed_heads.h"
#include "domain/ids.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

struct ProofWanted {
  domain::AccountId account;
  std::uint64_t sequence = 0;  ///< of the event whose inclusion is wanted; 0: consistency
  std::uint64_t from = 0;      ///< the smaller size, for consistency
  std::uint64_t size = 0;      ///< 0: of the last signed head, or else all events
};

/// Throws std::runtime_error: the log is not that large, or can't be read.
/// Memory: 64 bytes an event of the account.
boost::json::object prove(const Source& source, const ProofWanted& wanted, const Progress& progress);

/// The largest head of the account's log that a server has signed. `known`: the installation's public keys, if there
/// are keys that say so.
std::optional<notary::SignedHead> last_signed(const Source& source, domain::AccountId account,
                                              const std::optional<std::vector<keys::PublicKey>>& known = {});

}  // namespace countersign::replay
