#pragma once
// A node's part in a partition of registers (registers_decider.h): its views fold what others write.

#include <random>

#include "bus/partition.h"
#include "tests/support/log_calls.h"
#include "tests/support/registers_decider.h"

namespace countersign::testing {

/// With the machine's clock and random bytes; executors are left to whoever runs it. All must outlive it. What others
/// write is absorbed by `registers`, which are, or are behind, `decider`.
inline bus::PartitionEnvironment environment_of(bus::PartitionLog& log, bus::Decider& decider,
                                                RegistersDecider& registers, Views& views) {
  return {.log = log,
          .decider = decider,
          .identity = test_identity(),
          .log_key = test_log_key,
          .node = "node",
          .address = "address",
          .clock =
              [] {
                const auto now = std::chrono::system_clock::now().time_since_epoch();
                return bus::TimeMs{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
              },
          .random =
              [](std::span<std::uint8_t> bytes) {
                std::random_device device;
                for (auto& byte : bytes) byte = static_cast<std::uint8_t>(device());
              },
          .fold = [&registers](const bus::AcceptedRecord& record) { registers.absorb(record); },
          .folded = [&registers](const bus::AcceptanceState& state) { registers.absorbed(state); },
          .position = [&views] { return views.position; }};
}
inline bus::PartitionEnvironment environment_of(bus::PartitionLog& log, RegistersDecider& decider, Views& views) {
  return environment_of(log, decider, decider, views);
}

}  // namespace countersign::testing
