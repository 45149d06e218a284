#pragma once
// What every client of the brokers has: options, a librdkafka handle made from them, and the texts of what went wrong.
//
// Properties of librdkafka that an operator may set are those of security and identity (security.*, sasl.*, ssl.*,
// client.id, client.rack, socket.keepalive.enable, enable.ssl.certificate.verification); everything else that the log's
// promises rest on is set here and can't be changed. Texts never hold the value of a secret property.

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bus/errc.h"
#include "bus/kafka_handles.h"
#include "bus/kafka_properties.h"

namespace countersign::bus {

struct KafkaOptions {
  std::string brokers;                                 ///< host:port,host:port
  std::string topic;                                   ///< of the log
  KafkaProperties properties;                          ///< of librdkafka, passed through
  std::chrono::milliseconds answer_within{5'000};      ///< a read or a question; then errc::unreachable
  std::chrono::milliseconds delivered_within{10'000};  ///< an append; then it is in doubt (message.timeout.ms)
  /// Any thread, also librdkafka's: return soon and call nothing of the log. One text a line, for people.
  std::function<void(const std::string& text)> on_problem;
};

/// Why a client can't be made or a topic be managed: `code()` is a bus::errc, what() says what is wrong and what to do.
class KafkaRefused : public std::runtime_error {
 public:
  KafkaRefused(errc code, const std::string& text) : std::runtime_error(text), code_(code) {}
  boost::system::error_code code() const { return code_; }

 private:
  boost::system::error_code code_;
};

/// The newest problem, and its way to KafkaOptions::on_problem: one of the last texts again only after 30 s.
/// Thread-safe.
class KafkaProblems {
 public:
  explicit KafkaProblems(const KafkaOptions& options);
  void report(std::string text);
  /// Passes it on, too, but newest() stays.
  void remark(std::string text);
  std::string newest() const;

 private:
  struct PassedOn {
    std::string text;
    std::chrono::steady_clock::time_point at;
  };

  std::string without_secrets(std::string text) const;
  void pass_on(const std::string& text);

  const std::function<void(const std::string&)> pass_on_;
  std::vector<std::string> secrets_;
  mutable std::mutex mutex_;
  std::string newest_;
  std::deque<PassedOn> passed_on_;
};

/// A librdkafka handle, and what its callbacks reach.
class KafkaClient {
 public:
  using Delivered = std::function<void(const rd_kafka_message_t&)>;
  /// What a member of a group has been given; the partitions are paused. Null: it is a member no more, and others may
  /// have been given what it had.
  using Assigned = std::function<void(const rd_kafka_topic_partition_list_t*)>;
  using Properties = std::vector<std::pair<const char*, std::string>>;

  /// Of a consumer that reads from explicit offsets, without a group. `beyond`: what a place that isn't there any more
  /// means (auto.offset.reset).
  static Properties reading(const char* beyond);

  /// `problems` outlives the client. `delivered`: the delivery reports of a producer, from within rd_kafka_poll();
  /// `assigned`: of a consumer, from within rd_kafka_consumer_poll() and rd_kafka_consumer_close(). Throws
  /// KafkaRefused.
  KafkaClient(rd_kafka_type_t type, const KafkaOptions& options, const Properties& properties, KafkaProblems& problems,
              Delivered delivered = {}, Assigned assigned = {});
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* get() const { return handle_.get(); }
  /// Throws KafkaRefused.
  KafkaTopic topic(const std::string& name) const;

 private:
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* client);
  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                           void* client);
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);

  KafkaProblems& problems_;
  const Delivered delivered_;
  const Assigned assigned_;
  KafkaHandle handle_;
};

/// The bus's word for librdkafka's.
errc errc_of(rd_kafka_resp_err_t error);

/// `which` of a partition's offsets: RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END.
struct KafkaPlace {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::int64_t offset = 0;
};
/// Asks again until `until` while what is in the way is transient. `client` should be one that reads from the topic: it
/// notices that the partition has another leader.
KafkaPlace ask_place(const KafkaClient& client, const std::string& topic, int partition, std::int64_t which,
                     std::chrono::steady_clock::time_point until);
/// "topic 'x', partition 3, at a:9092: what happened; what to do".
std::string describe(const KafkaOptions& options, int partition, rd_kafka_resp_err_t error, const std::string& doing);

}  // namespace countersign::bus
