#pragma once
// The public topic on Kafka. One idempotent producer writes all partitions, and is dropped at the first record of
// unknown outcome; the next write() makes a new one. A record's mark is its header cs_progress.
//
// Concurrency: one thread, but cancel(). Limits: a write() that fails does so within KafkaOptions::delivered_within and
// 5 s of the last record that was confirmed; marks() within answer_within of the last record that came.

#include <atomic>
#include <optional>

#include "adapters/audit_topic/audit_topic.h"
#include "bus/kafka_client.h"

namespace countersign::audit_topic {

inline constexpr const char* mark_header = "cs_progress";

class KafkaAuditTopic final : public AuditTopic {
 public:
  /// Reaches no broker yet.
  explicit KafkaAuditTopic(bus::KafkaOptions options);
  ~KafkaAuditTopic() override;

  boost::system::result<void> write(std::uint32_t partition, std::span<const AuditRecord> records) override;
  boost::system::result<Older> marks(std::uint32_t partition, std::uint64_t records, const VisitMark& visit) override;
  void cancel() override { cancelled_ = true; }

 private:
  void make_producer();
  void send(std::uint32_t partition, const AuditRecord& record);
  void on_delivery(const rd_kafka_message_t& message);
  void await_reports(std::uint32_t partition);
  void drop_producer();
  void make_consumer();
  boost::system::result<Older> read_marks(int partition, std::uint64_t records, rd_kafka_queue_t* queue,
                                          const VisitMark& visit);
  boost::system::error_code failed(int partition, rd_kafka_resp_err_t error, const std::string& doing);

  const bus::KafkaOptions options_;
  bus::KafkaProblems problems_{options_};
  std::atomic<bool> cancelled_{false};
  std::optional<bus::KafkaClient> producer_, consumer_;
  bus::KafkaTopic produced_, consumed_;
  std::size_t under_way_ = 0;
  boost::system::error_code failed_;
};

}  // namespace countersign::audit_topic
