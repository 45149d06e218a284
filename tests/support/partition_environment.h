#pragma once
// A node's part in a partition of registers (registers_decider.h): its views fold what others write.

#include <random>

#include "bus/partition.h"
#include "tests/support/log_calls.h"
#include "tests/support/registers_decider.h"

namespace countersign::testing {

/// With the machine's clock and random bytes; executors are left to whoever runs it. All three must outlive it.
inline bus::PartitionEnvironment environment_of(bus::PartitionLog& log, RegistersDecider& decider, Views& views) {
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
          .fold = [&decider](const bus::AcceptedRecord& record) { decider.absorb(record); },
          .folded = [&decider](const bus::AcceptanceState& state) { decider.absorbed(state); },
          .position = [&views] { return views.position; }};
}

}  // namespace countersign::testing
