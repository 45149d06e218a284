#include "bus/kafka_client.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include "bus/kafka_advice.h"

namespace countersign::bus {
namespace {

constexpr std::chrono::seconds same_text_again_after{30};
constexpr std::size_t most_remembered = 16;
constexpr int warning = 4;  // syslog's level; smaller ones are worse

bool may_be_set(std::string_view name) {
  constexpr std::array prefixes{"security.", "sasl.", "ssl."};
  constexpr std::array names{"client.id", "client.rack", "socket.keepalive.enable",
                             "enable.ssl.certificate.verification"};
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const char* prefix) { return name.starts_with(prefix); }) ||
         std::find(names.begin(), names.end(), name) != names.end();
}

/// The value isn't repeated: it may be a secret.
void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 256> ignored{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), ignored.data(), ignored.size())) {
    case RD_KAFKA_CONF_OK: return;
    case RD_KAFKA_CONF_UNKNOWN: throw KafkaRefused(errc::unavailable, "librdkafka knows no property '" + name + "'");
    default: throw KafkaRefused(errc::unavailable, "the value of the librdkafka property '" + name + "' is not valid");
  }
}

/// What passes by itself: a leader that moves, a connection that is made again.
bool is_transient(errc error) {
  return error == errc::unreachable || error == errc::io_error;
}

}  // namespace

KafkaProblems::KafkaProblems(const KafkaOptions& options) : pass_on_(options.on_problem) {
  for (const auto& [name, value] : options.properties) {
    if (is_secret_property(name) && !value.empty()) secrets_.push_back(value);
  }
  // One may be part of another.
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void KafkaProblems::report(std::string text) {
  text = without_secrets(std::move(text));
  {
    const std::lock_guard lock(mutex_);
    newest_ = text;
  }
  pass_on(text);
}

void KafkaProblems::remark(std::string text) {
  pass_on(without_secrets(std::move(text)));
}

void KafkaProblems::pass_on(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(passed_on_, [&](const auto& one) { return now - one.at >= same_text_again_after; });
    if (std::ranges::find(passed_on_, text, &PassedOn::text) != passed_on_.end()) return;
    if (passed_on_.size() == most_remembered) passed_on_.pop_front();
    passed_on_.push_back({text, now});
  }
  if (pass_on_) pass_on_(text);
}

std::string KafkaProblems::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::string KafkaProblems::without_secrets(std::string text) const {
  constexpr std::string_view mark = "***";
  for (const std::string& secret : secrets_) {
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + mark.size())) {
      text.replace(at, secret.size(), mark);
    }
  }
  return text;
}

/// A question on the same connection waits behind a fetch that waits: so none waits for long.
KafkaClient::Properties KafkaClient::reading(const char* beyond) {
  return {{"enable.auto.commit", "false"},
          {"auto.offset.reset", beyond},
          {"check.crcs", "true"},
          {"fetch.wait.max.ms", "20"},
          {"fetch.error.backoff.ms", "100"},
          {"enable.partition.eof", "true"},
          {"isolation.level", "read_uncommitted"},
          {"queued.max.messages.kbytes", "4096"}};
}

KafkaClient::KafkaClient(rd_kafka_type_t type, const KafkaOptions& options, const Properties& properties,
                         KafkaProblems& problems, Delivered delivered, Assigned assigned)
    : problems_(problems), delivered_(std::move(delivered)), assigned_(std::move(assigned)) {
  if (options.brokers.empty()) throw KafkaRefused(errc::unavailable, "no brokers are named; set kafka_brokers");
  KafkaConf conf(rd_kafka_conf_new());
  set(conf.get(), "client.id", "countersign");
  for (const auto& [name, value] : options.properties) {
    if (!may_be_set(name)) {
      throw KafkaRefused(errc::unavailable,
                         "the librdkafka property '" + name +
                             "' can't be set; only security.*, sasl.*, ssl.* and the client's name can");
    }
    set(conf.get(), name, value);
  }
  set(conf.get(), "bootstrap.servers", options.brokers);
  set(conf.get(), "allow.auto.create.topics", "false");
  set(conf.get(), "socket.nagle.disable", "true");
  set(conf.get(), "socket.connection.setup.timeout.ms", "5000");
  set(conf.get(), "reconnect.backoff.max.ms", "1000");
  set(conf.get(), "topic.metadata.propagation.max.ms", "5000");
  for (const auto& [name, value] : properties) set(conf.get(), name, value);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (delivered_) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  if (assigned_) rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  std::array<char, 512> text{};
  handle_.reset(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!handle_) {
    problems_.report(std::string("librdkafka refuses the settings: ") + text.data());
    throw KafkaRefused(errc::unavailable, problems_.newest());
  }
  conf.release();  // the handle's own from here on
}

KafkaTopic KafkaClient::topic(const std::string& name) const {
  KafkaTopic topic(rd_kafka_topic_new(get(), name.c_str(), nullptr));
  if (!topic) throw KafkaRefused(errc::unavailable, "'" + name + "' can't be a topic's name");
  return topic;
}

void KafkaClient::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* client) {
  static_cast<KafkaClient*>(client)->delivered_(*message);
}

void KafkaClient::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                               rd_kafka_topic_partition_list_t* partitions, void* client) {
  const bool given = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const bool lost = !given && rd_kafka_assignment_lost(handle);
  rd_kafka_assign(handle, given ? partitions : nullptr);
  if (given) rd_kafka_pause_partitions(handle, partitions);
  if (given || lost) static_cast<KafkaClient*>(client)->assigned_(given ? partitions : nullptr);
}

void KafkaClient::on_log(const rd_kafka_t* handle, int level, const char*, const char* text) {
  std::string_view said = text;
  if (level > warning && !names_wrong_protocol(said)) return;
  if (said.starts_with("[thrd:")) {
    if (const auto end = said.find("]: "); end != said.npos) said.remove_prefix(end + 3);
  }
  // How long it took, which differs each time.
  if (const auto how_long = said.rfind(" (after "); how_long != said.npos && said.ends_with(')'))
    said.remove_suffix(said.size() - how_long);
  auto& problems = static_cast<KafkaClient*>(rd_kafka_opaque(handle))->problems_;
  const std::string problem = "Kafka: " + std::string(said) + advice_on_connection(said);
  // That all brokers are down follows each reason why one is, and is none.
  said.ends_with("brokers are down") ? problems.remark(problem) : problems.report(problem);
}

errc errc_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return errc::unknown_topic;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION: return errc::not_permitted;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION: return errc::unreachable;
    default: return errc::io_error;
  }
}

/// Not by rd_kafka_query_watermark_offsets(), which in librdkafka 2.0.2 waits for a broker as long as
/// socket.timeout.ms, whatever its own limit is.
KafkaPlace ask_place(const KafkaClient& client, const std::string& topic, int partition, std::int64_t which,
                     std::chrono::steady_clock::time_point until) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds again_after{50};
  const KafkaPartitions asked(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* about = rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(), partition);
  while (true) {
    about->offset = which;
    about->err = RD_KAFKA_RESP_ERR_NO_ERROR;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client.get(), asked.get(),
                                                           static_cast<int>(std::clamp<std::int64_t>(left, 1, 60'000)));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = about->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && about->offset >= 0) return {error, about->offset};
    if (!is_transient(errc_of(error)) || Clock::now() + again_after >= until) return {error, 0};
    std::this_thread::sleep_for(again_after);
  }
}

std::string describe(const KafkaOptions& options, int partition, rd_kafka_resp_err_t error, const std::string& doing) {
  return "topic '" + options.topic + "', partition " + std::to_string(partition) + ", at " + options.brokers + ": " +
         doing + ": " + rd_kafka_err2str(error) + advice_on(error);
}

}  // namespace countersign::bus
