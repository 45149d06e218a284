#pragma once
// Reads a log on a thread of its own, some megabytes ahead of who takes the steps: decoding and hashing records (HMAC,
// chain) and folding them then have a processor each. The steps are those of AuditedLog::next(), in its order, and so
// is what it throws.
//
// Concurrency: one thread takes. Nobody else uses the log meanwhile; destroying ends the reading wherever it is.

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/replay/audited_log.h"

namespace countersign::replay {

class ReadingAhead {
 public:
  explicit ReadingAhead(AuditedLog& log);
  ~ReadingAhead();
  ReadingAhead(const ReadingAhead&) = delete;
  ReadingAhead& operator=(const ReadingAhead&) = delete;

  /// Null at the end; good until the next call.
  const Step* next();

 private:
  using Batch = std::vector<Step>;
  void read(AuditedLog& log);
  bool hand_over(Batch batch);

  static constexpr std::size_t batch_bytes = 1u << 20, most_waiting = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool ended_ = false, stopping_ = false;
  std::exception_ptr failed_;
  Batch batch_;
  std::size_t at_ = 0;
  std::thread thread_;
};

}  // namespace countersign::replay
