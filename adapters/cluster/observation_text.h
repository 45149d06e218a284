#pragma once
// What a node tells another one that it has observed (adapters/commands/observations.h), as JSON.
//
//   {"id": "obs_...", "partition": 3,
//    "reads": [{"account", "actor", "role", "lists", "facets", "histograms", "log", "since"}],
//    "refusals": [{"account", "type", "reason", "source", "ip", "actor", "key", "count", "since"}],
//    "sessions": [{"account", "user", "session", "at", "logged"}],
//    "keys": [{"account", "key", "at"}]}
//
// Nothing in it is believed because a node has sent it: ids, names, counts and times are checked, and every account
// must be of the partition.

#include <string>
#include <string_view>
#include <variant>

#include "adapters/commands/observations.h"
#include "adapters/http/server/problem.h"

namespace countersign::cluster {

/// Of one partition, under an id by which a repeat is known.
struct ObservationBatch {
  domain::Uuid id;
  std::uint32_t partition = 0;
  commands::Observations observations;
};

inline constexpr std::size_t most_batch_bytes = 4 << 20;

std::string text_of(const ObservationBatch& batch);
/// A problem when anything in it is not as it must be. Times may be up to `most_ahead_ms` after `now`.
std::variant<ObservationBatch, http::Problem> parse_observations(std::string_view text, std::uint32_t partitions,
                                                                 domain::UnixMs now);

/// More than the clocks of nodes that own something can differ (docs/adr/0018).
inline constexpr domain::UnixMs most_ahead_ms = 15'000;

}  // namespace countersign::cluster
