#pragma once
// The leaf of an account's Merkle log that stands for one event: small, canonical, and all that an outsider needs to
// check that an event he was shown is the one that was logged. Leaf index = sequence - 1.
//
// Bytes: version (1, = 1) | sequence (8) | type (2) | time in ms (8) | SHA-256 of the whole event (32); integers are
// big-endian. The tree hashes it as RFC 6962 says: SHA-256(0x00 || leaf).

#include <string>

#include "domain/event.h"

namespace countersign::projections {

inline constexpr std::size_t merkle_leaf_bytes = 51;

/// `bytes` are the whole event's, of which `event` is the view.
std::string merkle_leaf(const domain::EventView& event, std::string_view bytes);

}  // namespace countersign::projections
