#include "adapters/audit_topic/kafka_audit_topic.h"

#include <array>
#include <chrono>

namespace countersign::audit_topic {

using bus::errc;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int poll_ms = 100;
constexpr std::chrono::seconds purged_within{5};

/// An argument of rd_kafka_produceva().
template <class Set>
rd_kafka_vu_t argument(rd_kafka_vtype_t type, const Set& set) {
  rd_kafka_vu_t made{};
  made.vtype = type;
  set(made.u);
  return made;
}

rd_kafka_headers_t* headers_of(const AuditRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size() + 1);
  const auto add = [&](std::string_view name, std::string_view value) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  for (const auto& [name, value] : record.headers) add(name, value);
  if (!record.mark.empty()) add(mark_header, record.mark);
  return headers;
}

std::string_view mark_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, mark_header, &value, &bytes) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return {static_cast<const char*>(value), bytes};
}

}  // namespace

KafkaAuditTopic::KafkaAuditTopic(bus::KafkaOptions options) : options_(std::move(options)) {}

KafkaAuditTopic::~KafkaAuditTopic() = default;

// --- writing ---------------------------------------------------------------------------------------------------------

boost::system::result<void> KafkaAuditTopic::write(std::uint32_t partition, std::span<const AuditRecord> records) {
  if (cancelled_) return errc::stopping;
  failed_ = {};
  try {
    if (!producer_) make_producer();
  } catch (const bus::KafkaRefused& refused) {
    problems_.report(refused.what());
    return refused.code();
  }
  for (const auto& record : records)
    if (!failed_) send(partition, record);
  await_reports(partition);
  if (!failed_) return {};
  drop_producer();
  return failed_;
}

void KafkaAuditTopic::make_producer() {
  producer_.emplace(RD_KAFKA_PRODUCER, options_,
                    bus::KafkaClient::Properties{{"acks", "all"},
                                                 {"enable.idempotence", "true"},
                                                 {"max.in.flight", "5"},
                                                 {"linger.ms", "5"},
                                                 // No record is given up by itself and followed by later ones: all of
                                                 // them are, by await_reports(), or by an error that ends the producer.
                                                 {"message.timeout.ms", "0"},
                                                 {"enable.gapless.guarantee", "true"},
                                                 {"request.timeout.ms", "5000"},
                                                 {"compression.codec", "none"},
                                                 {"queue.buffering.max.messages", "10000"},
                                                 {"queue.buffering.max.kbytes", "65536"}},
                    problems_, [this](const rd_kafka_message_t& message) { on_delivery(message); });
  produced_ = producer_->topic(options_.topic);
}

void KafkaAuditTopic::send(std::uint32_t partition, const AuditRecord& record) {
  rd_kafka_headers_t* const headers = headers_of(record);
  // librdkafka copies what RD_KAFKA_MSG_F_COPY marks and never writes to it; keys it copies always.
  const std::array arguments{
      argument(RD_KAFKA_VTYPE_RKT, [&](auto& u) { u.rkt = produced_.get(); }),
      argument(RD_KAFKA_VTYPE_PARTITION, [&](auto& u) { u.i32 = static_cast<std::int32_t>(partition); }),
      argument(RD_KAFKA_VTYPE_MSGFLAGS, [](auto& u) { u.i = RD_KAFKA_MSG_F_COPY; }),
      argument(RD_KAFKA_VTYPE_KEY,
               [&](auto& u) {
                 u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
               }),
      argument(RD_KAFKA_VTYPE_VALUE,
               [&](auto& u) {
                 u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
               }),
      argument(RD_KAFKA_VTYPE_HEADERS, [&](auto& u) { u.headers = headers; })};
  rd_kafka_error_t* const refused = rd_kafka_produceva(producer_->get(), arguments.data(), arguments.size());
  if (!refused) {
    ++under_way_;
    return;
  }
  const auto error = rd_kafka_error_code(refused);
  rd_kafka_error_destroy(refused);
  rd_kafka_headers_destroy(headers);  // still ours
  failed_ = failed(static_cast<int>(partition), error, "writing");
}

void KafkaAuditTopic::on_delivery(const rd_kafka_message_t& message) {
  --under_way_;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR && !failed_)
    failed_ = failed(message.partition, message.err, "in doubt whether an event was written");
}

void KafkaAuditTopic::await_reports(std::uint32_t partition) {
  auto until = Clock::now() + options_.delivered_within;
  auto before = under_way_;
  while (under_way_ > 0 && !failed_) {
    rd_kafka_poll(producer_->get(), poll_ms);
    if (under_way_ < before) until = Clock::now() + options_.delivered_within;
    before = under_way_;
    if (cancelled_) failed_ = errc::stopping;
    if (Clock::now() >= until && !failed_)
      failed_ =
          failed(static_cast<int>(partition), RD_KAFKA_RESP_ERR__TIMED_OUT, "in doubt whether events were written");
  }
}

/// Nothing that was given to it is reported afterwards.
void KafkaAuditTopic::drop_producer() {
  const auto until = Clock::now() + purged_within;
  while (under_way_ > 0 && Clock::now() < until) {
    rd_kafka_purge(producer_->get(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_poll(producer_->get(), poll_ms);
  }
  produced_.reset();
  producer_.reset();
  under_way_ = 0;
}

// --- reading marks ---------------------------------------------------------------------------------------------------

boost::system::result<AuditTopic::Older> KafkaAuditTopic::marks(std::uint32_t partition, std::uint64_t records,
                                                                const VisitMark& visit) {
  if (cancelled_) return errc::stopping;
  const auto number = static_cast<int>(partition);
  try {
    if (!consumer_) make_consumer();
  } catch (const bus::KafkaRefused& refused) {
    problems_.report(refused.what());
    return refused.code();
  }
  // A queue of its own for each time: nothing that was fetched before can turn up in it.
  const bus::KafkaQueue queue(rd_kafka_queue_new(consumer_->get()));
  const auto from = RD_KAFKA_OFFSET_TAIL(static_cast<std::int64_t>(records));
  if (rd_kafka_consume_start_queue(consumed_.get(), number, from, queue.get()) != 0)
    return failed(number, rd_kafka_last_error(), "reading");
  const auto older = read_marks(number, records, queue.get(), visit);
  rd_kafka_consume_stop(consumed_.get(), number);
  return older;
}

void KafkaAuditTopic::make_consumer() {
  // From the earliest on where those before have been deleted.
  consumer_.emplace(RD_KAFKA_CONSUMER, options_, bus::KafkaClient::reading("earliest"), problems_);
  consumed_ = consumer_->topic(options_.topic);
}

boost::system::result<AuditTopic::Older> KafkaAuditTopic::read_marks(int partition, std::uint64_t records,
                                                                     rd_kafka_queue_t* queue, const VisitMark& visit) {
  std::optional<std::int64_t> first;
  auto until = Clock::now() + options_.answer_within;
  while (Clock::now() < until) {
    if (cancelled_) return errc::stopping;
    const bus::KafkaMessage message(rd_kafka_consume_queue(queue, poll_ms));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      const auto from = message->offset - static_cast<std::int64_t>(records);
      return first && from > 0 && *first <= from ? Older::there : Older::none;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(partition, message->err, "reading");
    if (!first) first = message->offset;
    if (const auto mark = mark_of(*message); !mark.empty()) visit(mark);
    until = Clock::now() + options_.answer_within;
  }
  return failed(partition, RD_KAFKA_RESP_ERR__TIMED_OUT, "waiting for records");
}

boost::system::error_code KafkaAuditTopic::failed(int partition, rd_kafka_resp_err_t error, const std::string& doing) {
  problems_.report(bus::describe(options_, partition, error, doing));
  return bus::errc_of(error);
}

}  // namespace countersign::audit_topic
