#pragma once
// What a node observes about accounts while it answers for them: reads, refusals, the use of sessions and keys. It is
// kept in RAM and written by the node that owns the account (upkeep.h); any other one hands it over.
//
// Concurrency: any thread; take_untold() and tell_again() one.

#include <map>
#include <vector>

#include "adapters/commands/key_use.h"
#include "adapters/commands/partitions.h"
#include "adapters/commands/read_log.h"
#include "adapters/commands/refusal_log.h"
#include "adapters/commands/session_activity.h"

namespace countersign::commands {

/// Where a node keeps it. All must outlive this.
struct Observed {
  ReadLog& reads;
  RefusalLog& refusals;
  SessionActivity& sessions;
  KeyUse& keys;
};

/// What is handed over at a time, of one partition.
struct Observations {
  std::vector<ReadLog::Counted> reads;
  std::vector<RefusalLog::Counted> refusals;
  std::vector<SessionActivity::Due> sessions;
  std::vector<KeyUse::Used> keys;
  bool empty() const { return reads.empty() && refusals.empty() && sessions.empty() && keys.empty(); }
};

/// So many reads, sessions and keys of a partition are taken at a time.
inline constexpr std::size_t most_observations = 2'000;
/// Of refusals so many kinds (refusal_log.h), each of them with as many counts as it has reasons.
inline constexpr std::size_t most_refusal_kinds = 100;

using OfPartition = std::function<bool(std::uint32_t)>;
/// What hasn't been told of these partitions, by partition, taken out: it is the caller's to see that it gets there.
std::map<std::uint32_t, Observations> take_untold(const Observed& from, std::uint32_t partitions, domain::UnixMs now,
                                                  const OfPartition& wanted);
/// The partitions have another owner, who knows nothing of the uses of sessions and keys that the former was told of.
void tell_again(const Observed& of, std::uint32_t partitions, const OfPartition& wanted);
/// As if they had been made here.
void add(const Observed& to, const Observations& observations);

}  // namespace countersign::commands
