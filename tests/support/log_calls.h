#pragma once
// Calls of the log port that a test wants to wait for, and an identity for its logs.

#include <future>

#include "bus/frame.h"
#include "bus/partition_log.h"

namespace countersign::testing {

inline bus::LogIdentity test_identity() {
  bus::LogIdentity identity;
  for (std::size_t i = 0; i < identity.cluster.size(); ++i) identity.cluster[i] = static_cast<std::uint8_t>(i + 1);
  return identity;
}

constexpr const char* test_log_key = "the log key of the tests, 32 byte";

inline bus::Appended append(bus::PartitionLog& log, std::string record) {
  std::promise<bus::Appended> done;
  log.append(std::move(record), [&done](bus::Appended appended) { done.set_value(appended); });
  return done.get_future().get();
}

/// All records' bytes; throws what read() reports.
inline std::vector<std::string> read_all(bus::PartitionLog& log, std::size_t chunk_bytes = 1 << 20) {
  std::vector<std::string> all;
  bus::Offset from{};
  while (true) {
    auto read = log.read(from, chunk_bytes).value();
    if (read.empty()) return all;
    for (auto& record : read) {
      all.push_back(std::move(record.bytes));
      from = bus::Offset{value(record.offset) + 1};
    }
  }
}

}  // namespace countersign::testing
