#pragma once
// Reads a partition log from a known state on and yields what counts, in order: start-up recovery, followers, replay
// and export all fold a log through this, so that they can't disagree (bus/acceptance.h).
//
// Concurrency: one reader per thread. Memory: one read() of at most chunk_bytes at a time.

#include <deque>

#include "bus/acceptance.h"

namespace countersign::bus {

struct AcceptedRecord {
  LogRecord at;  ///< its place and the bytes that `record` borrows from
  Record record;
  AcceptanceState after;  ///< the state that includes it: a fold's position once it has folded this record

  const Frame* frame() const { return std::get_if<Frame>(&record); }
};

class FrameReader {
 public:
  FrameReader(PartitionLog& log, const LogIdentity& identity, std::string_view log_key, const AcceptanceState& from,
              std::size_t chunk_bytes = 4 << 20);

  /// The next record that counts; null at the end, where a later call may find more. The pointer is good until the next
  /// call. Errors: what the log's read() gives, and errc::newer_format (error_text() then says which release is
  /// needed); after an error the same place is tried again.
  boost::system::result<const AcceptedRecord*> next();
  /// The same, frames only.
  boost::system::result<const AcceptedRecord*> next_frame();

  const AcceptanceState& state() const { return acceptance_.state(); }
  const IgnoredCounts& ignored() const { return acceptance_.ignored(); }
  /// What the last error means, for people.
  const std::string& error_text() const { return error_text_; }

 private:
  boost::system::result<const AcceptedRecord*> fail(boost::system::error_code error, std::string text);

  PartitionLog& log_;
  Acceptance acceptance_;
  std::size_t chunk_bytes_;
  std::deque<LogRecord> chunk_;
  AcceptedRecord current_;
  std::string error_text_;
};

}  // namespace countersign::bus
