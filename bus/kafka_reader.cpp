#include "bus/kafka_reader.h"

#include <algorithm>
#include <thread>

namespace countersign::bus {
namespace {

constexpr std::chrono::milliseconds ask_again_after{50};
constexpr std::chrono::milliseconds confirm_end_every{500};

/// What passes by itself: a leader that moves, a connection that is made again.
bool is_transient(errc error) {
  return error == errc::unreachable || error == errc::io_error;
}

}  // namespace

KafkaReader::KafkaReader(KafkaOptions options)
    : options_(std::move(options)),
      problems_(options_),
      client_(RD_KAFKA_CONSUMER, options_,
              {{"enable.auto.commit", "false"},
               {"auto.offset.reset", "error"},
               {"check.crcs", "true"},
               {"fetch.wait.max.ms", "100"},
               {"fetch.error.backoff.ms", "100"},
               {"enable.partition.eof", "true"},
               {"isolation.level", "read_uncommitted"},
               {"queued.max.messages.kbytes", "4096"}},
              problems_),
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
  const auto span = ask_span_around(at, from, until);
  if (span.has_error()) return span.error();
  while (at.next < span->end) {
    records = take(at, max_bytes, until);
    if (records.has_error() || !records->empty()) return records;
    if (Clock::now() >= until) return failed(number, RD_KAFKA_RESP_ERR__TIMED_OUT, "waiting for records");
  }
  return std::vector<LogRecord>{};
}

boost::system::result<KafkaTail> KafkaReader::tail(int number, Offset from, std::size_t max_bytes,
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
    const auto span = ask_span_around(at, from, now + options_.answer_within);
    if (span.has_error() && records->empty()) return span.error();
    if (span.has_value()) {
      at.end = span->end;
      at.asked = now;
    }
  }
  if (at.asked && at.next >= at.end) at.current_as_of = at.asked;
  return KafkaTail{std::move(*records), at.current_as_of};
}

boost::system::result<Offset> KafkaReader::end(int number) {
  const auto span = ask_span(number, Clock::now() + options_.answer_within);
  if (span.has_error()) return span.error();
  return Offset{span->end};
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
      if (error != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return failed(at.number, error, "reading");
      const auto span = ask_span_around(at, Offset{at.next}, Clock::now() + options_.answer_within);
      if (span.has_error()) return span.error();
      return failed(at.number, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "reading");
    }
    at.returned = at.next = message->offset + 1;
    bytes += message->len;
    records.push_back({Offset{message->offset}, std::string(static_cast<const char*>(message->payload), message->len)});
  }
  return records;
}

boost::system::result<KafkaReader::Span> KafkaReader::ask_span(int number, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    Span span{};
    const rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(), number, &span.first, &span.end,
                                         static_cast<int>(std::max<std::int64_t>(left, 1)));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return span;
    if (!is_transient(errc_of(error)) || Clock::now() + ask_again_after >= until) {
      return failed(number, error, "asking for the end");
    }
    std::this_thread::sleep_for(ask_again_after);
  }
}

/// The span, if `from` lies in it or is its end.
boost::system::result<KafkaReader::Span> KafkaReader::ask_span_around(Partition& at, Offset from,
                                                                      Clock::time_point until) {
  const auto span = ask_span(at.number, until);
  if (span.has_error() || (value(from) >= span->first && value(from) <= span->end)) return span;
  stop(at);
  const std::string place = "topic '" + options_.topic + "', partition " + std::to_string(at.number) + ", at " +
                            options_.brokers + ": offset " + std::to_string(value(from));
  if (value(from) < span->first) {
    problems_.report(place + " was deleted, the oldest record has " + std::to_string(span->first) +
                     "; the topic needs retention.ms=-1 and retention.bytes=-1; rebuild from a backup of the log");
    return errc::records_deleted;
  }
  problems_.report(place + " lies beyond the end, " + std::to_string(span->end) +
                   "; the topic was made anew, or lost records in an unclean leader election");
  return errc::truncated;
}

boost::system::error_code KafkaReader::failed(int number, rd_kafka_resp_err_t error, const std::string& doing) {
  problems_.report(describe(options_, number, error, doing));
  return errc_of(error);
}

}  // namespace countersign::bus
