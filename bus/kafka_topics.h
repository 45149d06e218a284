#pragma once
// The topics that a cluster needs, made and checked: the log's settings decide whether acknowledged records stay.
//
// <prefix>.log holds the frames, for ever, with the times of the brokers, against which nodes hold their clocks.
// <prefix>.keys holds the newest state of each wrapped key: compacted, so that a destroyed key is gone from the
// brokers' disks about an hour later. <prefix>.audit is for everybody else, for a week. Errors: KafkaRefused when the
// brokers don't answer, or refuse.

#include <string>
#include <vector>

#include "bus/kafka_client.h"

namespace countersign::bus {

struct TopicSetting {
  enum class Rule { equal, at_least, at_most, finite };
  std::string name;
  std::string value;  ///< what create_topics() sets
  Rule rule;          ///< how check_topics() compares with it; finite: any number but -1
};

struct TopicSpec {
  std::string name;
  int partitions;   ///< fixed for life
  int replication;  ///< at least
  std::vector<TopicSetting> settings;
};

/// Replication 1 is for trials: the loss of one disk loses the log.
std::vector<TopicSpec> topics_of(const std::string& prefix, int partitions = 24, int replication = 3);

/// Of `options.topic`; 0 when there is no such topic.
int partition_count(const KafkaOptions& options);

/// What is wrong with a topic.
struct TopicFinding {
  std::string topic;
  std::string setting;  ///< a topic's setting, or "topic", "partitions", "replication"
  std::string found;
  std::string needed;
  std::string command;  ///< for a shell with Kafka's bin/ in its PATH; empty: no command can mend it
  std::string advice;   ///< a sentence; may be empty
};

/// "topic 't': setting is x, must be y; run: ...".
std::string describe(const TopicFinding& finding);

/// Nothing: all topics exist and are as they must be. `options.topic` isn't used, in neither.
std::vector<TopicFinding> check_topics(const KafkaOptions& options, const std::vector<TopicSpec>& topics);

/// Makes the topics that are missing; those that exist already are left as they are. Returns what is wrong then. When
/// an existing topic is wrong, nothing is made.
std::vector<TopicFinding> create_topics(const KafkaOptions& options, const std::vector<TopicSpec>& topics);

}  // namespace countersign::bus
