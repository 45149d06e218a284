#include "bus/kafka_producer.h"

#include <pthread.h>

namespace countersign::bus {
namespace {

constexpr int poll_ms = 100;
constexpr std::chrono::seconds purged_within{5};

/// With message.timestamp.type=LogAppendTime, which the log's topic must have (bus/kafka_topics.h).
std::optional<TimeMs> broker_time(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const auto time = rd_kafka_message_timestamp(&message, &type);
  return type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? std::optional(TimeMs{time}) : std::nullopt;
}

}  // namespace

KafkaProducer::KafkaProducer(const KafkaOptions& options, int partition, KafkaProblems& problems)
    : options_(options), partition_(partition), problems_(problems) {
  client_.emplace(RD_KAFKA_PRODUCER, options,
                  KafkaClient::Properties{{"acks", "all"},
                                          {"enable.idempotence", "true"},
                                          {"max.in.flight", "5"},
                                          {"linger.ms", "0"},
                                          {"message.timeout.ms", std::to_string(options.delivered_within.count())},
                                          {"request.timeout.ms", "5000"},
                                          {"compression.codec", "none"},
                                          {"queue.buffering.max.messages", "10000"},
                                          {"queue.buffering.max.kbytes", "65536"}},
                  problems, [this](const rd_kafka_message_t& message) { on_delivery(message); });
  topic_ = client_->topic(options.topic);
  thread_ = std::thread([this] { serve(); });
}

KafkaProducer::~KafkaProducer() {
  drop();
  thread_.join();
}

std::optional<errc> KafkaProducer::send(const std::string& record, PartitionLog::AppendHandler& handler) {
  const std::lock_guard sending(sending_mutex_);
  if (dropped()) return errc::unavailable;
  const std::uint64_t id = next_id_++;
  {
    const std::lock_guard lock(mutex_);
    handlers_.emplace(id, std::move(handler));  // it may be reported before the next line has returned
  }
  // librdkafka copies what RD_KAFKA_MSG_F_COPY marks and never writes to it.
  const int refused = rd_kafka_produce(topic_.get(), partition_, RD_KAFKA_MSG_F_COPY, const_cast<char*>(record.data()),
                                       record.size(), nullptr, 0, reinterpret_cast<void*>(id));
  if (refused == 0) return {};
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) drop();
  problems_.report(describe(options_, partition_, error, "nothing written"));
  const std::lock_guard lock(mutex_);
  const auto kept = handlers_.find(id);
  handler = std::move(kept->second);
  handlers_.erase(kept);
  return errc_of(error) == errc::unknown_topic ? errc::unknown_topic : errc::unavailable;
}

void KafkaProducer::on_delivery(const rd_kafka_message_t& message) {
  const auto id = reinterpret_cast<std::uint64_t>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= 0) {
    return report(id, {AppendOutcome::durable, Offset{message.offset}, {}, broker_time(message)});
  }
  // Also without an error: a repeated record that the brokers know already has no offset here.
  const bool first = !dropped_.exchange(true);
  const bool purged = message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (first && !purged)
    problems_.report(describe(options_, partition_, message.err, "in doubt whether it was written"));
  report(id, {AppendOutcome::in_doubt, {}, errc::io_error});
}

void KafkaProducer::report(std::uint64_t id, const Appended& appended) {
  PartitionLog::AppendHandler handler;
  {
    const std::lock_guard lock(mutex_);
    const auto at = handlers_.find(id);
    if (at == handlers_.end()) return;
    handler = std::move(at->second);
    handlers_.erase(at);
  }
  handler(appended);
}

std::size_t KafkaProducer::waiting() const {
  const std::lock_guard lock(mutex_);
  return handlers_.size();
}

void KafkaProducer::serve() {
  pthread_setname_np(pthread_self(), "kafka-append");
  while (!dropped()) rd_kafka_poll(client_->get(), poll_ms);
  { const std::lock_guard last_one_sent(sending_mutex_); }
  const auto until = std::chrono::steady_clock::now() + purged_within;
  while (waiting() > 0 && std::chrono::steady_clock::now() < until) {
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_poll(client_->get(), poll_ms);
  }
  report_rest();
  topic_.reset();
  client_.reset();  // here, because it may take a while: its threads may be looking up a broker's name
  ended_.store(true);
}

/// What librdkafka kept for itself: who waits hears of it all the same.
void KafkaProducer::report_rest() {
  std::vector<std::uint64_t> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, handler] : handlers_) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) report(id, {AppendOutcome::in_doubt, {}, errc::io_error});
}

}  // namespace countersign::bus
