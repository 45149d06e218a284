#pragma once
// The log of one partition on Apache Kafka: appends through an idempotent producer of its own, made at the first one;
// reads through a reader shared by all partitions of the process.
//
// Operation: one record a frame, without key, to the one partition. append() as bus/kafka_producer.h says: durable at
// an offset, or in doubt, after which the next append begins with a new producer; not written only where no byte left
// this process. Order of the calls is order in the log. Concurrency: any thread; handlers run on the producer's thread.
// A KafkaLog that never appends has no thread of its own. The destructor reports what is under way in doubt and waits
// for its producers. Limits: 4 producers that were dropped and haven't ended; then append() refuses with
// errc::unavailable.

#include <deque>

#include "bus/kafka_producer.h"
#include "bus/kafka_reader.h"

namespace countersign::bus {

class KafkaLog final : public PartitionLog {
 public:
  KafkaLog(std::shared_ptr<KafkaReader> reader, int partition);
  ~KafkaLog() override;

  void append(std::string record, AppendHandler handler) override;
  boost::system::result<std::vector<LogRecord>> read(Offset from, std::size_t max_bytes) override;
  boost::system::result<Offset> end() override;

  /// As KafkaReader::tail.
  boost::system::result<Tail> tail(Offset from, std::size_t max_bytes, std::chrono::milliseconds wait) override;
  /// The newest thing that went wrong with an append; empty: nothing.
  std::string newest_append_problem() const { return problems_.newest(); }

 private:
  std::optional<errc> send(const std::string& record, AppendHandler& handler);
  std::optional<errc> renew_producer();

  const std::shared_ptr<KafkaReader> reader_;
  const int partition_;
  KafkaProblems problems_;
  std::mutex mutex_;  ///< keeps appends in the order of the calls
  std::unique_ptr<KafkaProducer> producer_;
  std::deque<std::unique_ptr<KafkaProducer>> dropped_;
};

}  // namespace countersign::bus
