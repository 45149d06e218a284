#pragma once
// Reads the partitions of one topic through a single consumer handle: explicit offsets, no group, nothing committed.
//
// Operation: each partition is fetched ahead of its reader, 4 MiB at most (and one record). A read from where the last
// one ended takes what was fetched; a read from elsewhere stops the partition and fetches from there anew, which costs
// up to 20 ms. So let one thread follow a partition, and others read it only now and then.
// An empty read() is a promise: the leader was asked during the call where the log ends, and that is `from`.
// Markers of transactions that strangers make are skipped, their records are not: a transaction of theirs doesn't stop
// the reader.
// Concurrency: any thread; calls for one partition wait for one another, tail() for as long as its `wait`.
// Errors: unreachable (no answer within KafkaOptions::answer_within), unknown_topic, not_permitted, records_deleted,
// truncated (`from` is beyond the end), io_error; newest_problem() has the words for it.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "bus/kafka_client.h"
#include "bus/partition_log.h"

namespace countersign::bus {

class KafkaReader {
 public:
  /// Reaches no broker yet. Throws KafkaRefused.
  explicit KafkaReader(KafkaOptions options);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  /// As PartitionLog::read.
  boost::system::result<std::vector<LogRecord>> read(int partition, Offset from, std::size_t max_bytes);
  /// The same, but waits up to `wait` for the first record. The leader is asked for the end at most every 500 ms, so
  /// that it says as of when it is current.
  boost::system::result<PartitionLog::Tail> tail(int partition, Offset from, std::size_t max_bytes,
                                                 std::chrono::milliseconds wait);
  /// The high watermark, from the leader.
  boost::system::result<Offset> end(int partition);

  std::string newest_problem() const { return problems_.newest(); }
  const KafkaOptions& options() const { return options_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Partition {
    explicit Partition(int of) : number(of) {}
    const int number;
    std::mutex mutex;
    KafkaQueue queue;           ///< null: not being fetched
    std::int64_t returned = 0;  ///< offset after the newest record returned
    std::int64_t next = 0;      ///< offset that the next record from the queue has at least; none is from `returned` on
    std::int64_t end = 0;       ///< as the leader said when asked at `asked`
    std::optional<Clock::time_point> asked;
    std::optional<Clock::time_point> current_as_of;
  };
  Partition& partition(int number);
  boost::system::result<void> go_to(Partition& partition, Offset from);
  void stop(Partition& partition);
  boost::system::result<std::vector<LogRecord>> take(Partition& partition, std::size_t max_bytes,
                                                     Clock::time_point until);
  boost::system::result<std::int64_t> ask(int partition, std::int64_t which, Clock::time_point until);
  boost::system::result<std::int64_t> ask_end(Partition& partition, Offset from, Clock::time_point until);
  boost::system::error_code out_of_range(Partition& partition);
  boost::system::error_code failed(int partition, rd_kafka_resp_err_t error, const std::string& doing);

  const KafkaOptions options_;
  KafkaProblems problems_;
  KafkaClient client_;
  KafkaTopic topic_;
  std::mutex mutex_;  ///< of the map; partitions are never removed
  std::map<int, std::unique_ptr<Partition>> partitions_;
};

}  // namespace countersign::bus
