#pragma once
// Writes rows to a compacted topic of one partition through one idempotent producer, which is dropped at the first row
// of unknown outcome; the next put() makes a new one.
//
// Operation: callers at the same time form a group, which one of them writes for all. Concurrency: any thread; it has
// none of its own. Limits: 1,000 rows under way. A put() that fails does so within KafkaOptions::delivered_within and
// 7 s of the last row that was confirmed.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "bus/kafka_client.h"
#include "bus/shared_table.h"

namespace countersign::bus {

class KafkaTableWriter {
 public:
  /// `options` and `problems` outlive it. Reaches no broker yet.
  KafkaTableWriter(const KafkaOptions& options, KafkaProblems& problems);
  ~KafkaTableWriter();
  KafkaTableWriter(const KafkaTableWriter&) = delete;
  KafkaTableWriter& operator=(const KafkaTableWriter&) = delete;

  /// As SharedTable::put. Errors: too_large (then nothing was written), unreachable, unknown_topic, not_permitted,
  /// io_error.
  boost::system::result<Offset> put(std::span<const TableRow> rows);

 private:
  struct Caller {
    std::span<const TableRow> rows;
    std::size_t confirmed = 0;
    std::int64_t last = -1;  ///< greatest offset of a confirmed row
    boost::system::error_code error;
    bool done = false;
  };
  void write(const std::deque<Caller*>& group);
  void make_producer();
  void send(Caller& caller, const TableRow& row);
  void poll_while(std::size_t more_than);
  void on_delivery(const rd_kafka_message_t& message);
  void fail(rd_kafka_resp_err_t error);
  void drop_producer();

  const KafkaOptions& options_;
  KafkaProblems& problems_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Caller*> callers_;
  bool writing_ = false;  ///< somebody writes: what follows is that caller's alone
  std::size_t under_way_ = 0;
  std::optional<errc> failed_;
  std::optional<KafkaClient> client_;
  KafkaTopic topic_;
};

}  // namespace countersign::bus
