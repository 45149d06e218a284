#pragma once
// The port to a table that all nodes of a cluster share: a log of rows in which the newest one of a key counts.
// Adapters: Kafka (bus/kafka_table.h), memory (tests/support/memory_table.h).
//
// Operation: each node keeps a copy of its own, made by read() and kept up by follow(), and remembers with it up to
// which offset the log was applied. Older rows of a key may be gone from the log at any time; what deletes a key may be
// gone a while after everything that it deletes, so a copy that wasn't kept up for longer has to be made anew.
// Limits: keys and values aren't empty; a row has at most max_record_bytes.

#include <boost/system/result.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "bus/position.h"

namespace countersign::bus {

struct TableRow {
  std::string key;
  std::optional<std::string> value;  ///< nothing: the key is deleted
  bool operator==(const TableRow&) const = default;
};

class SharedTable {
 public:
  /// Rows in the order of the log; all before `next` have then been handed over. An error stops a read(), and makes
  /// follow() come again with the same rows, after a while.
  using Apply = std::function<boost::system::error_code(std::span<const TableRow> rows, Offset next)>;
  virtual ~SharedTable() = default;

  /// Durable in this order when it returns: the offset after the last one. On an error each of them is in doubt: it may
  /// be in the log now, later or never. Any thread; calls at the same time are written together.
  virtual boost::system::result<Offset> put(std::span<const TableRow> rows) = 0;

  /// From an offset on up to the end as of now, on the caller's thread and not while following. Returns the offset to
  /// go on from; errc::truncated: the log ends before `from`.
  virtual boost::system::result<Offset> read(Offset from, const Apply& apply) = 0;

  /// From then on a thread hands over what comes; and no rows, about once a minute, when the brokers have just said
  /// that all has come.
  virtual void follow(Offset from, Apply apply) = 0;
  /// Returns when nothing is applied any more. The destructor does it too.
  virtual void stop() = 0;

  /// Waits until what was in the log when it was called has been applied by follow(). False: not within that time, or
  /// nobody follows.
  virtual bool caught_up(std::chrono::milliseconds within) = 0;
  /// Everything before it has been applied by follow().
  virtual Offset position() const = 0;
};

}  // namespace countersign::bus
