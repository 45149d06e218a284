#pragma once
// Writes one partition of a new log from its beginning: a claim of term 1, frames, and a release at the end.
//
// Operation: records are handed over without waiting for the ones before; finish() waits for all of them. The first one
// that isn't durable ends it: nothing is tried again, since nobody could tell what the log holds then. Memory: 4 MiB
// of records under way. Concurrency: one thread. Errors: std::runtime_error naming the partition.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "bus/frame.h"
#include "bus/partition_log.h"

namespace countersign::replay {

class PartitionWriter {
 public:
  /// The log, which must be empty, outlives it.
  PartitionWriter(bus::PartitionLog& log, const bus::LogIdentity& identity, std::string_view log_key);
  ~PartitionWriter();

  void claim(bus::TimeMs now);
  /// `time`: not before the last one's.
  void frame(bus::TimeMs time, std::vector<std::string_view> events, std::vector<std::string_view> answers);
  void release();
  /// Returns when everything is durable.
  void finish();

  std::uint64_t frames() const { return frames_; }

 private:
  struct UnderWay;
  void append(std::string record);
  [[noreturn]] void fail(const std::string& what) const;

  bus::PartitionLog& log_;
  const std::uint32_t partition_;
  bus::FrameCodec codec_;
  bus::Nonce nonce_{};
  bus::FrameNumber last_{};
  bus::Bytes32 head_{};
  bus::TimeMs time_{};
  std::uint64_t frames_ = 0;
  std::shared_ptr<UnderWay> under_way_;  ///< shared with handlers, which may come after the end
};

}  // namespace countersign::replay
