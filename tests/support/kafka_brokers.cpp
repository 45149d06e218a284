#include "tests/support/kafka_brokers.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace countersign::testing {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class NeedsBrokers : public ::testing::Environment {
  void SetUp() override {
    if (kafka_brokers().empty()) GTEST_SKIP() << "COUNTERSIGN_TEST_KAFKA_BROKERS names no brokers";
  }
};
const ::testing::Environment* const needs_brokers = ::testing::AddGlobalTestEnvironment(new NeedsBrokers);

}  // namespace

std::string kafka_brokers() {
  return environment("COUNTERSIGN_TEST_KAFKA_BROKERS");
}

std::string new_topic_name(const std::string& kind) {
  static std::atomic<int> count = 0;
  return "test-" + std::to_string(getpid()) + "-" + std::to_string(++count) + "." + kind;
}

std::string new_topic(int partitions, int replication, const std::map<std::string, std::string>& settings) {
  bus::TopicSpec spec{new_topic_name(), partitions, replication, {}};
  for (const auto& [name, value] : settings) {
    spec.settings.push_back({name, value, bus::TopicSetting::Rule::equal});
  }
  bus::KafkaOptions options = kafka_options(spec.name);
  options.answer_within = std::chrono::seconds(30);
  const auto findings = bus::create_topics(options, {spec});
  if (!findings.empty()) throw std::runtime_error(describe(findings.front()));
  return spec.name;
}

bus::KafkaOptions kafka_options(const std::string& topic) {
  bus::KafkaOptions options;
  options.brokers = kafka_brokers();
  options.topic = topic;
  return options;
}

void delete_records(const std::string& topic, int partition, std::int64_t offset) {
  const bus::KafkaOptions options = kafka_options(topic);
  bus::KafkaProblems problems(options);
  const bus::KafkaClient client(RD_KAFKA_PRODUCER, options, {}, problems);
  const bus::KafkaQueue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(before, topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(before);
  rd_kafka_DeleteRecords(client.get(), &request, 1, nullptr, queue.get());
  const bus::KafkaEvent event(rd_kafka_queue_poll(queue.get(), 60'000));
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(before);
  if (!event || rd_kafka_event_error(event.get())) throw std::runtime_error("the records were not deleted");
}

void tell_broker(const std::string& verb, int number) {
  const int connection = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, environment("COUNTERSIGN_TEST_KAFKA_CONTROL").c_str(), sizeof address.sun_path - 1);
  const std::string command = verb + " " + std::to_string(number) + "\n";
  std::string answer(2, '\0');
  const bool told = connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                    write(connection, command.data(), command.size()) == static_cast<ssize_t>(command.size()) &&
                    read(connection, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
  close(connection);
  if (!told || answer != "ok")
    throw std::runtime_error("broker " + std::to_string(number) + " can't be told to " + verb);
}

}  // namespace countersign::testing
