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
#include <chrono>
#include <functional>
#include <optional>
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
  /// When it was written, by the clock of who keeps the log; nothing where that is this machine.
  std::optional<TimeMs> log_time{};
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

  struct Tail {
    std::vector<LogRecord> records;
    bool at_end = false;  ///< there was nothing behind them when the log was asked
    /// All that was in the log at this moment is in `records` or stands before `from`; for logs that know it better
    /// than by the moment of the call.
    std::optional<std::chrono::steady_clock::time_point> current_as_of;
  };
  /// As read(), for followers: a log that can waits up to `wait` for the first record.
  virtual boost::system::result<Tail> tail(Offset from, std::size_t max_bytes, std::chrono::milliseconds wait);

  /// The offset after the newest durable record.
  virtual boost::system::result<Offset> end() = 0;
};

inline boost::system::result<PartitionLog::Tail> PartitionLog::tail(Offset from, std::size_t max_bytes,
                                                                    std::chrono::milliseconds) {
  auto read = this->read(from, max_bytes);
  if (read.has_error()) return read.error();
  auto end = this->end();
  if (end.has_error()) return end.error();
  const bool at_end = read->empty() || value(read->back().offset) + 1 >= value(*end);
  return Tail{std::move(*read), at_end, std::nullopt};
}

}  // namespace countersign::bus
