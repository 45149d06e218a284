#pragma once
// Redemptions as a load on a Stage, and the frames that came of them on a log alone.

#include <string>
#include <vector>

#include "tools/bench/stage.h"

namespace countersign::bench {

using Redeems = std::vector<domain::RedeemCode>;

/// Commands in a frame where throughput is compared.
constexpr std::size_t batch = 64;

/// Closed loop with so many under way that every batch is full; a second. Throws when one is refused.
double commands_a_second(Stage& stage, Redeems redeems);

/// At `rate` a second whether or not they are answered: milliseconds from when each was due to when it was answered.
std::vector<double> open_loop(Stage& stage, Redeems redeems, double rate);

/// The same bytes, frame after frame, `under_way` of them queued; milliseconds of each to `each`, one after the other.
double write_seconds(bus::PartitionLog& log, std::vector<std::string> records, std::ptrdiff_t under_way,
                     std::vector<double>* each = nullptr);

}  // namespace countersign::bench
