#pragma once
// The port to one partition's ordered log of opaque records. Adapters: memory with injected faults, embedded RocksDB,
// Kafka. All pass tests/bus/partition_log_contract.
//
// Operation: append() hands a record over and returns; its handler is called exactly once, from any thread, in no
// promised order. read() returns durable records in log order. Records of strangers may stand between one's own.
// What it doesn't promise, because Kafka can't: that a record whose append was `in_doubt` never appears later; that
// offsets are gapless; that nobody else appends. Acceptance (bus/acceptance.h) makes these harmless.
// Limits: a record has at most max_record_bytes.

#include <boost/system/result.hpp>
#include <functional>
#include <string>
#include <vector>

#include "bus/position.h"

namespace countersign::bus {

constexpr std::size_t max_record_bytes = 900'000;

enum class AppendOutcome {
  durable,      ///< stands in the log at `offset`, and stays there whatever fails
  not_written,  ///< definitely not in the log and never will be (refused before any byte was handed over)
  in_doubt,     ///< may be in the log now, later or never: read up to a later own claim to know
};

struct Appended {
  AppendOutcome outcome;
  Offset offset;                     ///< meaningful when durable
  boost::system::error_code reason;  ///< why not durable: bus::errc
};

struct LogRecord {
  Offset offset;
  std::string bytes;
};

class PartitionLog {
 public:
  using AppendHandler = std::function<void(Appended)>;
  virtual ~PartitionLog() = default;

  /// Appends one record; several may be under way, and are written in the order of the calls.
  virtual void append(std::string record, AppendHandler handler) = 0;

  /// Records at and after `from`, oldest first, at most about `max_bytes` (at least one record if there is one).
  /// Empty: the end was reached.
  virtual boost::system::result<std::vector<LogRecord>> read(Offset from, std::size_t max_bytes) = 0;

  /// The offset after the newest durable record.
  virtual boost::system::result<Offset> end() = 0;
};

}  // namespace countersign::bus
