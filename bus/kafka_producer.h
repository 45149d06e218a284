#pragma once
// One idempotent producer for one partition, from its first record to its first record of unknown outcome.
//
// Operation: records are handed over in the order of send() and written in that order. A record is durable when the
// brokers say at which offset it stands; whatever else is heard of it, also that its time ran out, is in doubt. Then
// the producer is dropped: it takes nothing more, and what else it holds is purged and reported in doubt. It is never
// used again, so that no sequence number of its has to be reasoned about. Concurrency: any thread; who needs an order
// of send() calls makes it. Handlers run on the producer's own thread, each exactly once, before the destructor
// returns. Limits: 64 MiB and 10,000 records under way, then send() refuses. What was purged is reported within 5 s.

#include <atomic>
#include <optional>
#include <thread>
#include <unordered_map>

#include "bus/kafka_client.h"
#include "bus/partition_log.h"

namespace countersign::bus {

class KafkaProducer {
 public:
  /// Reaches no broker yet. `options` and `problems` outlive it. Throws KafkaRefused.
  KafkaProducer(const KafkaOptions& options, int partition, KafkaProblems& problems);
  /// Drops it, and waits for its thread.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  /// Nothing when the record was taken. Else why no byte of it was handed over; record and handler are the caller's.
  std::optional<errc> send(const std::string& record, PartitionLog::AppendHandler& handler);
  void drop() { dropped_.store(true); }
  bool dropped() const { return dropped_.load(); }
  /// Its thread has ended: the destructor doesn't wait.
  bool ended() const { return ended_.load(); }

 private:
  void serve();
  void on_delivery(const rd_kafka_message_t& message);
  void report(std::uint64_t id, const Appended& appended);
  std::size_t waiting() const;
  void report_rest();

  const KafkaOptions& options_;
  const int partition_;
  KafkaProblems& problems_;
  std::optional<KafkaClient> client_;
  KafkaTopic topic_;
  std::atomic<bool> dropped_{false}, ended_{false};
  std::mutex sending_mutex_;  ///< held by send(): the client isn't destroyed under its hands
  mutable std::mutex mutex_;  ///< of the handlers
  std::unordered_map<std::uint64_t, PartitionLog::AppendHandler> handlers_;
  std::uint64_t next_id_ = 1;
  std::thread thread_;
};

}  // namespace countersign::bus
