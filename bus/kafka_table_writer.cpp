#include "bus/kafka_table_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bus/partition_log.h"

namespace countersign::bus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_rows_under_way = 1'000;
constexpr int only_partition = 0;
constexpr int poll_ms = 100;
constexpr std::chrono::seconds reported_within{2};
constexpr std::chrono::seconds purged_within{5};

}  // namespace

KafkaTableWriter::KafkaTableWriter(const KafkaOptions& options, KafkaProblems& problems)
    : options_(options), problems_(problems) {}

KafkaTableWriter::~KafkaTableWriter() = default;

boost::system::result<Offset> KafkaTableWriter::put(std::span<const TableRow> rows) {
  for (const TableRow& row : rows) {
    if (row.key.size() + row.value.value_or("").size() > max_record_bytes) return errc::too_large;
  }
  Caller caller{.rows = rows};
  std::unique_lock lock(mutex_);
  callers_.push_back(&caller);
  changed_.wait(lock, [&] { return caller.done || !writing_; });
  if (!caller.done) {
    writing_ = true;
    const std::deque<Caller*> group = std::exchange(callers_, {});
    lock.unlock();
    write(group);
    lock.lock();
    for (Caller* one : group) one->done = true;
    writing_ = false;
    changed_.notify_all();
  }
  if (caller.confirmed < rows.size()) return caller.error;
  return Offset{caller.last + 1};
}

void KafkaTableWriter::write(const std::deque<Caller*>& group) {
  failed_.reset();
  if (!client_) make_producer();
  for (Caller* caller : group) {
    for (const TableRow& row : caller->rows) {
      if (!failed_) poll_while(most_rows_under_way - 1);
      if (!failed_) send(*caller, row);
    }
  }
  poll_while(0);
  if (!failed_) return;
  for (Caller* caller : group) caller->error = *failed_;
  drop_producer();
}

void KafkaTableWriter::make_producer() {
  try {
    client_.emplace(RD_KAFKA_PRODUCER, options_,
                    KafkaClient::Properties{{"acks", "all"},
                                            {"enable.idempotence", "true"},
                                            {"max.in.flight", "5"},
                                            {"linger.ms", "0"},
                                            {"message.timeout.ms", std::to_string(options_.delivered_within.count())},
                                            {"request.timeout.ms", "5000"},
                                            {"compression.codec", "none"},
                                            {"queue.buffering.max.messages", "10000"},
                                            {"queue.buffering.max.kbytes", "1048576"}},
                    problems_, [this](const rd_kafka_message_t& message) { on_delivery(message); });
    topic_ = client_->topic(options_.topic);
  } catch (const KafkaRefused& refused) {
    problems_.report(refused.what());
    failed_ = errc::unavailable;
  }
}

void KafkaTableWriter::send(Caller& caller, const TableRow& row) {
  // librdkafka copies what RD_KAFKA_MSG_F_COPY marks and never writes to it.
  void* const value = row.value ? const_cast<char*>(row.value->data()) : nullptr;
  const std::size_t bytes = row.value ? row.value->size() : 0;
  ++under_way_;
  if (rd_kafka_produce(topic_.get(), only_partition, RD_KAFKA_MSG_F_COPY, value, bytes, row.key.data(), row.key.size(),
                       &caller) == 0)
    return;
  --under_way_;
  fail(rd_kafka_last_error());
}

void KafkaTableWriter::poll_while(std::size_t more_than) {
  auto until = Clock::now() + options_.delivered_within + reported_within;
  std::size_t before = under_way_;
  while (under_way_ > more_than && !failed_) {
    rd_kafka_poll(client_->get(), poll_ms);
    if (under_way_ < before) until = Clock::now() + options_.delivered_within + reported_within;
    before = under_way_;
    if (Clock::now() >= until) fail(RD_KAFKA_RESP_ERR__TIMED_OUT);
  }
}

void KafkaTableWriter::on_delivery(const rd_kafka_message_t& message) {
  --under_way_;
  // Without an offset also where there is no error: a row that was sent twice, which the brokers know already.
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR || message.offset < 0) return fail(message.err);
  auto& caller = *static_cast<Caller*>(message._private);
  ++caller.confirmed;
  caller.last = std::max(caller.last, message.offset);
}

void KafkaTableWriter::fail(rd_kafka_resp_err_t error) {
  if (failed_) return;
  problems_.report(describe(options_, only_partition, error, "in doubt whether a row was written"));
  failed_ = errc_of(error);
}

/// Nothing that was given to it is reported afterwards.
void KafkaTableWriter::drop_producer() {
  const auto until = Clock::now() + purged_within;
  while (client_ && under_way_ > 0 && Clock::now() < until) {
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_poll(client_->get(), poll_ms);
  }
  topic_.reset();
  client_.reset();
  under_way_ = 0;
}

}  // namespace countersign::bus
