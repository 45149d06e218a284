#include "bus/kafka_table.h"

#include <pthread.h>

#include <algorithm>

namespace countersign::bus {
namespace {

using std::chrono::milliseconds;

constexpr int only_partition = 0;
constexpr std::size_t most_bytes_at_once = 1 << 20;
constexpr std::size_t most_rows_at_once = 10'000;
constexpr milliseconds look_for_stop_every{100};
constexpr milliseconds try_again_after{1'000};
constexpr milliseconds current_within{1'000};

int ms_until(std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

KafkaTable::KafkaTable(KafkaOptions options, milliseconds say_current_every)
    : options_(std::move(options)),
      say_current_every_(say_current_every),
      problems_(options_),
      writer_(options_, problems_),
      client_(RD_KAFKA_CONSUMER, options_, KafkaClient::reading("error"), problems_),
      topic_(client_.topic(options_.topic)) {}

KafkaTable::~KafkaTable() {
  stop();
  stop_fetching();
}

boost::system::result<Offset> KafkaTable::read(Offset from, const Apply& apply) {
  const auto end = ask_end(Clock::now() + options_.answer_within);
  if (end.has_error()) return end.error();
  if (value(from) > *end) {
    problems_.report(describe(options_, only_partition, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "reading") +
                     "; offset " + std::to_string(value(from)) + " lies beyond the end, " + std::to_string(*end));
    return errc::truncated;
  }
  stop_fetching();
  next_ = value(from);
  boost::system::error_code error;
  auto until = Clock::now() + options_.answer_within;
  while (!error && next_ < *end) {
    const auto before = next_;
    const auto rows = take(until);
    if (rows.has_error()) {
      error = rows.error();
    } else if (next_ > before) {
      error = apply(*rows, Offset{next_});
      until = Clock::now() + options_.answer_within;
    } else if (Clock::now() >= until) {
      error = failed(RD_KAFKA_RESP_ERR__TIMED_OUT, "waiting for records");
    }
  }
  stop_fetching();
  if (error) return error;
  return Offset{next_};
}

void KafkaTable::follow(Offset from, Apply apply) {
  stop();
  stop_fetching();
  next_ = value(from);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
    applied_ = next_;
  }
  thread_ = std::thread([this, apply = std::move(apply)] { follow_on(apply); });
}

void KafkaTable::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool KafkaTable::caught_up(milliseconds within) {
  const auto until = Clock::now() + within;
  const auto end = ask_end(until);
  if (end.has_error()) return false;
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [&] { return applied_ >= *end || stopping_; });
  return applied_ >= *end && !stopping_;
}

Offset KafkaTable::position() const {
  const std::lock_guard lock(mutex_);
  return Offset{applied_};
}

void KafkaTable::follow_on(const Apply& apply) {
  pthread_setname_np(pthread_self(), "kafka-table");
  auto said_current = Clock::now();
  while (true) {
    const auto before = next_;
    const auto rows = take(Clock::now() + look_for_stop_every);
    if (stopped_within(rows.has_error() ? try_again_after : milliseconds(0))) break;
    if (rows.has_error()) continue;
    if (next_ > before) {
      if (!hand_over(apply, *rows)) break;
    } else if (Clock::now() - said_current >= say_current_every_) {
      said_current = Clock::now();
      // Silence alone may mean that the brokers don't answer.
      const auto end = ask_end(Clock::now() + current_within);
      if (end.has_value() && next_ >= *end && !hand_over(apply, {})) break;
    }
  }
  stop_fetching();
}

/// As often as it takes. False: stopped meanwhile.
bool KafkaTable::hand_over(const Apply& apply, std::span<const TableRow> rows) {
  while (const auto error = apply(rows, Offset{next_})) {
    problems_.report("topic '" + options_.topic + "': rows before offset " + std::to_string(next_) +
                     " can't be applied: " + error.message());
    if (stopped_within(try_again_after)) return false;
  }
  {
    const std::lock_guard lock(mutex_);
    applied_ = next_;
  }
  changed_.notify_all();
  return true;
}

bool KafkaTable::stopped_within(milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [&] { return stopping_; });
}

boost::system::error_code KafkaTable::start_at(std::int64_t from) {
  if (queue_) return {};
  // A queue of its own for each start: nothing that was fetched for the place before can turn up in it.
  KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  // Records may be gone from the beginning, by hand: what is left is the table.
  const std::int64_t offset = from == 0 ? RD_KAFKA_OFFSET_BEGINNING : from;
  if (rd_kafka_consume_start_queue(topic_.get(), only_partition, offset, queue.get()) != 0) {
    return failed(rd_kafka_last_error(), "reading");
  }
  queue_ = std::move(queue);
  return {};
}

void KafkaTable::stop_fetching() {
  if (!queue_) return;
  rd_kafka_consume_stop(topic_.get(), only_partition);
  queue_.reset();
}

/// What has been fetched from `next_` on, waiting until `until` for the first of it. Returns early, and empty, on
/// coming to the end.
boost::system::result<std::vector<TableRow>> KafkaTable::take(Clock::time_point until) {
  std::vector<TableRow> rows;
  if (const auto error = start_at(next_)) return error;
  std::size_t bytes = 0;
  while (bytes < most_bytes_at_once && rows.size() < most_rows_at_once) {
    const KafkaMessage message(rd_kafka_consume_queue(queue_.get(), rows.empty() ? ms_until(until) : 0));
    if (!message) break;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      next_ = std::max(next_, message->offset);
      break;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const rd_kafka_resp_err_t error = message->err;
      stop_fetching();  // the next one begins anew, and meets the error again if it stays
      if (!rows.empty()) break;
      return failed(error, "reading");
    }
    if (message->offset < next_) continue;
    next_ = message->offset + 1;
    if (!message->key) continue;
    bytes += message->len + message->key_len;
    rows.push_back({std::string(static_cast<const char*>(message->key), message->key_len), std::nullopt});
    if (message->payload) rows.back().value = std::string(static_cast<const char*>(message->payload), message->len);
  }
  return rows;
}

boost::system::result<std::int64_t> KafkaTable::ask_end(Clock::time_point until) {
  const auto place = ask_place(client_, options_.topic, only_partition, RD_KAFKA_OFFSET_END, until);
  if (place.error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(place.error, "asking for the table's end");
  return place.offset;
}

boost::system::error_code KafkaTable::failed(rd_kafka_resp_err_t error, const std::string& doing) {
  problems_.report(describe(options_, only_partition, error, doing));
  return errc_of(error);
}

}  // namespace countersign::bus
