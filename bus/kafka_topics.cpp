#include "bus/kafka_topics.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <thread>

#include "bus/kafka_advice.h"
#include "bus/kafka_topic_commands.h"

namespace countersign::bus {
namespace {

using Rule = TopicSetting::Rule;
constexpr std::chrono::milliseconds look_again_after{100};

/// What the brokers say of a topic that exists.
struct FoundTopic {
  std::vector<std::vector<int>> replicas;  ///< of each partition
  std::map<std::string, std::string> settings;
};

bool fits(const TopicSetting& needed, const std::string& found) {
  if (needed.rule == Rule::equal) return found == needed.value;
  char* rest = nullptr;
  const long double number = std::strtold(found.c_str(), &rest);
  if (found.empty() || *rest != '\0') return false;
  const long double bound = std::strtold(needed.value.c_str(), nullptr);
  switch (needed.rule) {
    case Rule::at_least: return number >= bound;
    case Rule::at_most: return number <= bound;
    default: return number >= 0;
  }
}

std::string needed_text(const TopicSetting& needed) {
  switch (needed.rule) {
    case Rule::at_least: return needed.value + " or more";
    case Rule::at_most: return needed.value + " or less";
    case Rule::finite: return "finite, such as " + needed.value;
    default: return needed.value;
  }
}

/// The brokers, asked about topics.
class TopicsClient {
 public:
  explicit TopicsClient(const KafkaOptions& options)
      : options_(options), problems_(options), client_(RD_KAFKA_PRODUCER, options, {}, problems_) {}

  int partitions(const std::string& topic) {
    FoundTopic found;
    return look_at_partitions(topic, found) ? static_cast<int>(found.replicas.size()) : 0;
  }

  std::vector<TopicFinding> findings(const std::vector<TopicSpec>& topics) {
    std::vector<TopicFinding> all;
    for (const TopicSpec& topic : topics) {
      const auto found = look_at(topic.name);
      if (found) {
        compare(topic, *found, all);
      } else {
        all.push_back({topic.name, "topic", "missing", "there", command_to_create(options_, topic), {}});
      }
    }
    return all;
  }

  void create(const std::vector<TopicSpec>& topics) {
    std::vector<KafkaNewTopic> owned;
    std::vector<rd_kafka_NewTopic_t*> wanted;
    std::array<char, 512> text{};
    for (const TopicSpec& topic : topics) {
      owned.emplace_back(
          rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication, text.data(), text.size()));
      if (!owned.back()) throw KafkaRefused(errc::unavailable, "topic '" + topic.name + "': " + text.data());
      for (const TopicSetting& setting : topic.settings) {
        rd_kafka_NewTopic_set_config(owned.back().get(), setting.name.c_str(), setting.value.c_str());
      }
      wanted.push_back(owned.back().get());
    }
    const KafkaAdminOptions limits = admin_options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(client_.get(), wanted.data(), wanted.size(), limits.get(), queue_.get());
    const KafkaEvent event = answer();
    const auto* result = rd_kafka_event_CreateTopics_result(event.get());
    if (!result) return;
    std::size_t count = 0;
    const auto** made = rd_kafka_CreateTopics_result_topics(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto error = rd_kafka_topic_result_error(made[i]);
      // Another node may create them at the same time.
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
      const char* said = rd_kafka_topic_result_error_string(made[i]);
      throw KafkaRefused(errc_of(error), "the brokers don't create topic '" +
                                             std::string(rd_kafka_topic_result_name(made[i])) +
                                             "': " + (said ? said : rd_kafka_err2str(error)) + advice_on(error));
    }
  }

 private:
  [[noreturn]] void refuse(rd_kafka_resp_err_t error, const std::string& doing) const {
    const std::string newest = errc_of(error) == errc::unreachable ? problems_.newest() : "";
    throw KafkaRefused(errc_of(error), "the brokers at " + options_.brokers + ": " + doing + ": " +
                                           rd_kafka_err2str(error) +
                                           (newest.empty() ? advice_on(error) : "; " + newest));
  }

  int answer_within_ms() const { return static_cast<int>(options_.answer_within.count()); }

  KafkaAdminOptions admin_options(rd_kafka_admin_op_t operation) const {
    KafkaAdminOptions options(rd_kafka_AdminOptions_new(client_.get(), operation));
    std::array<char, 256> ignored{};
    rd_kafka_AdminOptions_set_request_timeout(options.get(), answer_within_ms(), ignored.data(), ignored.size());
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
      rd_kafka_AdminOptions_set_operation_timeout(options.get(), answer_within_ms(), ignored.data(), ignored.size());
    }
    return options;
  }

  /// The answer to what was asked last; its request's time limit bounds the wait.
  KafkaEvent answer() {
    KafkaEvent event(rd_kafka_queue_poll(queue_.get(), 2 * answer_within_ms()));
    if (!event) refuse(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking about topics");
    if (const auto error = rd_kafka_event_error(event.get())) refuse(error, "asking about topics");
    return event;
  }

  std::optional<FoundTopic> look_at(const std::string& name) {
    FoundTopic found;
    // Another broker may be asked for the settings, which hasn't heard of a new topic yet.
    if (!look_at_partitions(name, found) || !look_at_settings(name, found)) return std::nullopt;
    return found;
  }

  bool look_at_partitions(const std::string& name, FoundTopic& found) {
    const KafkaTopic topic = client_.topic(name);
    const rd_kafka_metadata_t* told = nullptr;
    if (const auto error = rd_kafka_metadata(client_.get(), 0, topic.get(), &told, answer_within_ms())) {
      refuse(error, "asking about topic '" + name + "'");
    }
    const KafkaMetadata metadata(told);
    brokers_.clear();
    for (int i = 0; i < metadata->broker_cnt; ++i) brokers_.push_back(metadata->brokers[i].id);
    std::sort(brokers_.begin(), brokers_.end());
    if (metadata->topic_cnt != 1) return false;
    const rd_kafka_metadata_topic_t& at = metadata->topics[0];
    if (errc_of(at.err) == errc::unknown_topic) return false;
    if (at.err != RD_KAFKA_RESP_ERR_NO_ERROR && at.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
      refuse(at.err, "asking about topic '" + name + "'");
    }
    found.replicas.resize(static_cast<std::size_t>(at.partition_cnt));
    for (int i = 0; i < at.partition_cnt; ++i) {
      const auto& partition = at.partitions[i];
      auto& replicas = found.replicas.at(static_cast<std::size_t>(partition.id));
      replicas.assign(partition.replicas, partition.replicas + partition.replica_cnt);
    }
    return true;
  }

  bool look_at_settings(const std::string& name, FoundTopic& found) {
    const KafkaConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    rd_kafka_ConfigResource_t* asked = resource.get();
    const KafkaAdminOptions limits = admin_options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(client_.get(), &asked, 1, limits.get(), queue_.get());
    const KafkaEvent event = answer();
    const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
    std::size_t resources = 0;
    const auto** told = result ? rd_kafka_DescribeConfigs_result_resources(result, &resources) : nullptr;
    if (resources != 1) refuse(RD_KAFKA_RESP_ERR__BAD_MSG, "asking for the settings of topic '" + name + "'");
    if (const auto error = rd_kafka_ConfigResource_error(told[0])) {
      if (errc_of(error) == errc::unknown_topic) return false;
      refuse(error, "asking for the settings of topic '" + name + "'");
    }
    std::size_t count = 0;
    const auto** entries = rd_kafka_ConfigResource_configs(told[0], &count);
    for (std::size_t i = 0; i < count; ++i) {
      const char* value = rd_kafka_ConfigEntry_value(entries[i]);
      found.settings[rd_kafka_ConfigEntry_name(entries[i])] = value ? value : "";
    }
    return true;
  }

  void compare(const TopicSpec& needed, const FoundTopic& found, std::vector<TopicFinding>& all) const {
    compare_partitions(needed, found, all);
    compare_replicas(needed, found, all);
    for (const TopicSetting& setting : needed.settings) {
      const auto at = found.settings.find(setting.name);
      const std::string value = at == found.settings.end() ? "unknown to the brokers" : at->second;
      if (at != found.settings.end() && fits(setting, value)) continue;
      all.push_back(
          {needed.name, setting.name, value, needed_text(setting), command_to_set(options_, needed.name, setting), {}});
    }
  }

  void compare_partitions(const TopicSpec& needed, const FoundTopic& found, std::vector<TopicFinding>& all) const {
    const int count = static_cast<int>(found.replicas.size());
    if (count == needed.partitions) return;
    TopicFinding finding{needed.name, "partitions", std::to_string(count), std::to_string(needed.partitions), {}, {}};
    if (count < needed.partitions) {
      finding.command = command_to_add_partitions(options_, needed);
      finding.advice = "only while the topic is empty: accounts are bound to their partition for life";
    } else {
      finding.advice = "a topic can't lose partitions; use another prefix, or this number of partitions";
    }
    all.push_back(std::move(finding));
  }

  void compare_replicas(const TopicSpec& needed, const FoundTopic& found, std::vector<TopicFinding>& all) const {
    const auto wanted = static_cast<std::size_t>(needed.replication);
    std::size_t fewest = found.replicas.empty() ? 0 : found.replicas.front().size();
    std::vector<std::vector<int>> mended = found.replicas;
    for (std::size_t partition = 0; partition < mended.size(); ++partition) {
      auto& replicas = mended[partition];
      fewest = std::min(fewest, replicas.size());
      for (std::size_t i = 0; i < brokers_.size() && replicas.size() < wanted; ++i) {
        const int broker = brokers_[(partition + i) % brokers_.size()];
        if (std::find(replicas.begin(), replicas.end(), broker) == replicas.end()) replicas.push_back(broker);
      }
    }
    if (found.replicas.empty() || fewest >= wanted) return;
    TopicFinding finding{needed.name, "replication", std::to_string(fewest), std::to_string(wanted), {}, {}};
    if (brokers_.size() >= wanted) {
      finding.command = command_to_reassign(options_, needed.name, mended);
    } else {
      finding.advice = "the cluster has " + std::to_string(brokers_.size()) + " brokers; it needs more";
    }
    all.push_back(std::move(finding));
  }

  const KafkaOptions& options_;
  KafkaProblems problems_;
  KafkaClient client_;
  KafkaQueue queue_{rd_kafka_queue_new(client_.get())};
  std::vector<int> brokers_;
};

}  // namespace

std::vector<TopicSpec> topics_of(const std::string& prefix, int partitions, int replication) {
  const std::vector<TopicSetting> lasting{{"min.insync.replicas", replication > 1 ? "2" : "1", Rule::at_least},
                                          {"unclean.leader.election.enable", "false", Rule::equal},
                                          {"max.message.bytes", "1000000", Rule::at_least}};
  TopicSpec log{prefix + ".log", partitions, replication, lasting};
  log.settings.insert(log.settings.end(), {{"retention.ms", "-1", Rule::equal},
                                           {"retention.bytes", "-1", Rule::equal},
                                           {"cleanup.policy", "delete", Rule::equal},
                                           {"message.timestamp.type", "LogAppendTime", Rule::equal}});
  TopicSpec keys{prefix + ".keys", 1, replication, lasting};
  keys.settings.insert(keys.settings.end(), {{"cleanup.policy", "compact", Rule::equal},
                                             {"segment.ms", "600000", Rule::at_most},
                                             {"min.cleanable.dirty.ratio", "0.01", Rule::at_most},
                                             {"max.compaction.lag.ms", "3600000", Rule::at_most},
                                             {"delete.retention.ms", "86400000", Rule::at_least}});
  TopicSpec audit{prefix + ".audit", partitions, replication, lasting};
  audit.settings.insert(audit.settings.end(),
                        {{"retention.ms", "604800000", Rule::finite}, {"cleanup.policy", "delete", Rule::equal}});
  return {log, keys, audit};
}

std::string describe(const TopicFinding& finding) {
  std::string text = "topic '" + finding.topic + "': ";
  if (finding.setting == "topic") {
    text += "is missing";
  } else {
    text += finding.setting + " is " + finding.found + ", must be " + finding.needed;
  }
  if (!finding.advice.empty()) text += " (" + finding.advice + ")";
  if (!finding.command.empty()) text += "; run: " + finding.command;
  return text;
}

int partition_count(const KafkaOptions& options) {
  return TopicsClient(options).partitions(options.topic);
}

std::vector<TopicFinding> check_topics(const KafkaOptions& options, const std::vector<TopicSpec>& topics) {
  return TopicsClient(options).findings(topics);
}

std::vector<TopicFinding> create_topics(const KafkaOptions& options, const std::vector<TopicSpec>& topics) {
  TopicsClient client(options);
  std::vector<TopicFinding> findings = client.findings(topics);
  std::vector<TopicSpec> missing;
  for (const TopicSpec& topic : topics) {
    const bool is_missing = std::any_of(findings.begin(), findings.end(), [&](const TopicFinding& finding) {
      return finding.topic == topic.name && finding.setting == "topic";
    });
    if (is_missing) missing.push_back(topic);
  }
  if (findings.size() > missing.size()) return findings;
  if (missing.empty()) return {};
  client.create(missing);
  // The brokers hear of a new topic one after the other.
  const auto until = std::chrono::steady_clock::now() + options.answer_within;
  while (!(findings = client.findings(topics)).empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(look_again_after);
  }
  return findings;
}

}  // namespace countersign::bus
