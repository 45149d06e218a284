#include "bus/kafka_reader.h"

#include <algorithm>

namespace countersign::bus {
namespace {

constexpr int most_late = 3;
constexpr std::chrono::milliseconds confirm_end_every{500};

}  // namespace

KafkaReader::KafkaReader(KafkaOptions options)
    : options_(std::move(options)),
      problems_(options_),
      client_(RD_KAFKA_CONSUMER, options_, KafkaClient::reading("error"), problems_),
      topic_(client_.topic(options_.topic)) {}

KafkaReader::~KafkaReader() {
  for (auto& [number, partition] : partitions_) stop(*partition);
}

boost::system::result<std::vector<LogRecord>> KafkaReader::read(int number, Offset from, std::size_t max_bytes) {
  Partition& at = partition(number);
  const std::lock_guard lock(at.mutex);
  const auto until = Clock::now() + options_.answer_within;
  if (const auto gone = go_to(at, from); gone.has_error()) return gone.error();
  auto records = take(at, max_bytes, Clock::time_point{});
  if (records.has_error() || !records->empty()) return records;
  const auto end = ask_end(at, from, until);
  if (end.has_error()) return end.error();
  while (at.next < *end) {
    records = take(at, max_bytes, until);
    if (records.has_error() || !records->empty()) return records;
    if (Clock::now() >= until) return failed(number, RD_KAFKA_RESP_ERR__TIMED_OUT, "waiting for records");
  }
  return std::vector<LogRecord>{};
}

boost::system::result<PartitionLog::Tail> KafkaReader::tail(int number, Offset from, std::size_t max_bytes,
                                                            std::chrono::milliseconds wait) {
  Partition& at = partition(number);
  const std::lock_guard lock(at.mutex);
  const auto until = Clock::now() + wait;
  if (const auto gone = go_to(at, from); gone.has_error()) return gone.error();
  auto records = take(at, max_bytes, until);
  while (!records.has_error() && records->empty() && Clock::now() < until) records = take(at, max_bytes, until);
  if (records.has_error()) return records.error();
  const auto now = Clock::now();
  if (!at.asked || now - *at.asked >= confirm_end_every) {
    const auto end = ask_end(at, from, now + options_.answer_within);
    if (end.has_error() && records->empty()) return end.error();
    if (end.has_value()) {
      at.end = *end;
      at.asked = now;
    }
  }
  if (at.asked && at.next >= at.end) at.current_as_of = at.asked;
  return PartitionLog::Tail{std::move(*records), false, at.current_as_of};
}

boost::system::result<Offset> KafkaReader::end(int number) {
  const auto end = ask(number, RD_KAFKA_OFFSET_END, Clock::now() + options_.answer_within);
  if (end.has_error()) return end.error();
  return Offset{*end};
}

KafkaReader::Partition& KafkaReader::partition(int number) {
  const std::lock_guard lock(mutex_);
  auto& slot = partitions_[number];
  if (!slot) slot = std::make_unique<Partition>(number);
  return *slot;
}

/// A queue of its own for each start: nothing that was fetched for the place before can turn up in it.
boost::system::result<void> KafkaReader::go_to(Partition& at, Offset from) {
  if (at.queue && value(from) >= at.returned && value(from) <= at.next) return {};
  stop(at);
  KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  if (rd_kafka_consume_start_queue(topic_.get(), at.number, value(from), queue.get()) != 0) {
    return failed(at.number, rd_kafka_last_error(), "reading");
  }
  at.queue = std::move(queue);
  at.returned = at.next = value(from);
  return {};
}

void KafkaReader::stop(Partition& at) {
  if (!at.queue) return;
  rd_kafka_consume_stop(topic_.get(), at.number);
  at.queue.reset();
}

/// What has been fetched, waiting until `until` for the first of it. Returns early, and empty, on coming to an end of
/// the partition: `next` is there then.
boost::system::result<std::vector<LogRecord>> KafkaReader::take(Partition& at, std::size_t max_bytes,
                                                                Clock::time_point until) {
  std::vector<LogRecord> records;
  std::size_t bytes = 0;
  int late = 0;
  while (records.empty() || bytes < max_bytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const int wait_ms = records.empty() ? static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)) : 0;
    const KafkaMessage message(rd_kafka_consume_queue(at.queue.get(), wait_ms));
    if (!message) break;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at.next = std::max(at.next, message->offset);
      break;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const rd_kafka_resp_err_t error = message->err;
      stop(at);  // the next read begins anew, and meets the error again if it stays
      if (!records.empty()) break;
      if (error != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || ++late > most_late)
        return failed(at.number, error, "reading");
      if (const auto why = out_of_range(at)) return why;
      // librdkafka may say of the place before, which was left, that it is out of range.
      if (const auto gone = go_to(at, Offset{at.next}); gone.has_error()) return gone.error();
      continue;
    }
    at.returned = at.next = message->offset + 1;
    bytes += message->len;
    records.push_back({Offset{message->offset}, std::string(static_cast<const char*>(message->payload), message->len)});
  }
  return records;
}

/// The log's first offset or its end (RD_KAFKA_OFFSET_BEGINNING, _END).
boost::system::result<std::int64_t> KafkaReader::ask(int number, std::int64_t which, Clock::time_point until) {
  const auto place = ask_place(client_, options_.topic, number, which, until);
  if (place.error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(number, place.error, "asking for the log's end");
  return place.offset;
}

/// The end, which isn't before `from`.
boost::system::result<std::int64_t> KafkaReader::ask_end(Partition& at, Offset from, Clock::time_point until) {
  const auto end = ask(at.number, RD_KAFKA_OFFSET_END, until);
  if (end.has_error() || value(from) <= *end) return end;
  stop(at);
  problems_.report(describe(options_, at.number, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "reading") + "; offset " +
                   std::to_string(value(from)) + " lies beyond the end, " + std::to_string(*end) +
                   ": the topic was made anew, or lost records in an unclean leader election");
  return errc::truncated;
}

/// Why the brokers say that the place to read from isn't theirs; success: it is.
boost::system::error_code KafkaReader::out_of_range(Partition& at) {
  const auto until = Clock::now() + options_.answer_within;
  const auto first = ask(at.number, RD_KAFKA_OFFSET_BEGINNING, until);
  if (first.has_error()) return first.error();
  if (at.next < *first) {
    problems_.report(describe(options_, at.number, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "reading") + "; offset " +
                     std::to_string(at.next) + " was deleted, the oldest record has " + std::to_string(*first) +
                     ": the topic needs retention.ms=-1 and retention.bytes=-1, and its records back from a backup");
    return errc::records_deleted;
  }
  const auto end = ask_end(at, Offset{at.next}, until);
  return end.has_error() ? end.error() : boost::system::error_code{};
}

boost::system::error_code KafkaReader::failed(int number, rd_kafka_resp_err_t error, const std::string& doing) {
  problems_.report(describe(options_, number, error, doing));
  return errc_of(error);
}

}  // namespace countersign::bus
