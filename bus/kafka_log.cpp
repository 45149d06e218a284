#include "bus/kafka_log.h"

namespace countersign::bus {
namespace {

constexpr std::size_t most_dropped = 4;

}  // namespace

KafkaLog::KafkaLog(std::shared_ptr<KafkaReader> reader, int partition)
    : reader_(std::move(reader)), partition_(partition), problems_(reader_->options()) {}

KafkaLog::~KafkaLog() = default;

void KafkaLog::append(std::string record, AppendHandler handler) {
  if (record.size() > max_record_bytes) return handler({AppendOutcome::not_written, {}, errc::too_large});
  if (const auto refused = send(record, handler)) handler({AppendOutcome::not_written, {}, *refused});
}

std::optional<errc> KafkaLog::send(const std::string& record, AppendHandler& handler) {
  const std::lock_guard lock(mutex_);
  std::erase_if(dropped_, [](const auto& producer) { return producer->ended(); });
  if (producer_ && !producer_->dropped()) {
    const auto refused = producer_->send(record, handler);
    // Dropped under our hands, and nothing of this record was handed over: a new one may have it.
    if (!refused || !producer_->dropped()) return refused;
  }
  if (const auto refused = renew_producer()) return refused;
  return producer_->send(record, handler);
}

std::optional<errc> KafkaLog::renew_producer() {
  if (producer_) dropped_.push_back(std::move(producer_));
  if (dropped_.size() >= most_dropped) return errc::unavailable;
  try {
    producer_ = std::make_unique<KafkaProducer>(reader_->options(), partition_, problems_);
  } catch (const KafkaRefused& refused) {
    problems_.report(refused.what());
    return errc::unavailable;
  }
  return {};
}

boost::system::result<std::vector<LogRecord>> KafkaLog::read(Offset from, std::size_t max_bytes) {
  return reader_->read(partition_, from, max_bytes);
}

boost::system::result<Offset> KafkaLog::end() {
  return reader_->end(partition_);
}

boost::system::result<PartitionLog::Tail> KafkaLog::tail(Offset from, std::size_t max_bytes,
                                                         std::chrono::milliseconds wait) {
  return reader_->tail(partition_, from, max_bytes, wait);
}

}  // namespace countersign::bus
