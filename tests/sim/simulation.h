#pragma once
// One run of the production sequencer in a world that goes wrong: slow, failed, torn, lost, doubled and late appends,
// reports in doubt and out of order, full disks and queues, crashes with and without loss of unsynced bytes, zombies,
// competing claims, forged records, clocks that jump. Everything follows from the seed.
//
// Then the judges: every acknowledged result is in the log's accepted history, once; no code is redeemed twice, no
// one-time password accepted twice, no activation of a licence lost or given twice; every refusal fits the history at
// its release; views are a refold; time only goes forward; bounds hold; all work ends.

#include <cstdint>
#include <ostream>
#include <string>

namespace countersign::sim {

struct Verdict {
  std::string wrong;  ///< empty: all held
  std::uint64_t frames = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t starts = 0;
  std::uint64_t resolves = 0;
  std::uint64_t ignored = 0;
};

Verdict simulate(std::uint64_t seed, std::ostream* trace = nullptr);

}  // namespace countersign::sim
