#include "bus/kafka_topic_commands.h"

namespace countersign::bus {
namespace {

/// How the program reaches the brokers. Credentials stand in a file of the operator's, never in a command.
std::string program(const KafkaOptions& options, const std::string& name) {
  std::string command = name + " --bootstrap-server " + options.brokers;
  const auto security = options.properties.find("security.protocol");
  if (security != options.properties.end() && security->second != "plaintext" && security->second != "PLAINTEXT") {
    command += " --command-config client.properties";
  }
  return command;
}

}  // namespace

std::string command_to_create(const KafkaOptions& options, const TopicSpec& topic) {
  std::string command = program(options, "kafka-topics.sh") + " --create --topic " + topic.name + " --partitions " +
                        std::to_string(topic.partitions) + " --replication-factor " + std::to_string(topic.replication);
  for (const TopicSetting& setting : topic.settings) command += " --config " + setting.name + "=" + setting.value;
  return command;
}

std::string command_to_set(const KafkaOptions& options, const std::string& topic, const TopicSetting& setting) {
  return program(options, "kafka-configs.sh") + " --alter --entity-type topics --entity-name " + topic +
         " --add-config " + setting.name + "=" + setting.value;
}

std::string command_to_delete(const KafkaOptions& options) {
  return program(options, "kafka-topics.sh") + " --delete --topic " + options.topic;
}

std::string command_to_add_partitions(const KafkaOptions& options, const TopicSpec& topic) {
  return program(options, "kafka-topics.sh") + " --alter --topic " + topic.name + " --partitions " +
         std::to_string(topic.partitions);
}

std::string command_to_reassign(const KafkaOptions& options, const std::string& topic,
                                const std::vector<std::vector<int>>& replicas) {
  std::string plan = R"({"version":1,"partitions":[)";
  for (std::size_t partition = 0; partition < replicas.size(); ++partition) {
    if (partition > 0) plan += ',';
    plan += R"({"topic":")" + topic + R"(","partition":)" + std::to_string(partition) + R"(,"replicas":[)";
    for (std::size_t i = 0; i < replicas[partition].size(); ++i) {
      plan += (i > 0 ? "," : "") + std::to_string(replicas[partition][i]);
    }
    plan += "]}";
  }
  plan += "]}";
  return "echo '" + plan + "' > reassignment.json && " + program(options, "kafka-reassign-partitions.sh") +
         " --reassignment-json-file reassignment.json --execute";
}

}  // namespace countersign::bus
