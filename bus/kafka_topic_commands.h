#pragma once
// The commands of Kafka's own programs that mend a topic, as a person types them into a shell.

#include <vector>

#include "bus/kafka_topics.h"

namespace countersign::bus {

std::string command_to_create(const KafkaOptions& options, const TopicSpec& topic);
std::string command_to_set(const KafkaOptions& options, const std::string& topic, const TopicSetting& setting);
/// Of the options' own topic.
std::string command_to_delete(const KafkaOptions& options);
std::string command_to_add_partitions(const KafkaOptions& options, const TopicSpec& topic);
/// `replicas`: of each partition, brokers' numbers, the preferred leader first.
std::string command_to_reassign(const KafkaOptions& options, const std::string& topic,
                                const std::vector<std::vector<int>>& replicas);

}  // namespace countersign::bus
