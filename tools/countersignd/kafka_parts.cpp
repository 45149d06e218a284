#include "tools/countersignd/kafka_parts.h"

#include <algorithm>

#include "bus/kafka_topics.h"
#include "tools/countersignd/data_directory.h"

namespace countersign::server {
namespace {

// Groups of nodes: those among which the partitions are shared out, and those whose settings say what they own.
constexpr const char* owners = ".owners";
constexpr const char* others = ".others";

std::string all_of(const std::vector<bus::TopicFinding>& findings) {
  std::string text = "the topics on Kafka are not as they must be:";
  for (const auto& finding : findings) text.append("\n  ").append(bus::describe(finding));
  return text.append("\nNew topics are made by countersign cluster init.");
}

}  // namespace

KafkaParts::KafkaParts(const Settings& settings, Log& log) : settings_(settings), log_(log) {
  try {
    properties_ = bus::kafka_properties(settings_.kafka_properties, settings_.kafka_properties_file);
    const auto partitions = bus::partition_count(options("log"));
    if (partitions == 0)
      throw StartRefused("there is no topic '" + options("log").topic + "' on " + settings_.kafka_brokers +
                         ": countersign cluster init makes the topics");
    const auto topics =
        bus::topics_of(settings_.topic_prefix, partitions, static_cast<int>(settings_.kafka_replication));
    const auto findings = bus::check_topics(options("log"), topics);
    if (!findings.empty()) throw StartRefused(all_of(findings));
    keys_ = std::make_shared<bus::KafkaTable>(options("keys"));
    reader_ = std::make_shared<bus::KafkaReader>(options("log"));
    for (int n = 0; n < partitions; ++n) logs_.push_back(std::make_unique<bus::KafkaLog>(reader_, n));
  } catch (const bus::KafkaRefused& refused) {
    throw StartRefused(refused.what());
  }
}

KafkaParts::~KafkaParts() = default;

bus::KafkaOptions KafkaParts::options(const char* topic) const {
  bus::KafkaOptions options;
  options.brokers = settings_.kafka_brokers;
  options.topic = settings_.topic_prefix + "." + topic;
  options.properties = properties_;
  options.on_problem = [&log = log_](const std::string& text) { log.write(LogLevel::warning, text); };
  return options;
}

void KafkaParts::share_out(const commands::Partitions& partitions) {
  bus::GroupHooks hooks{.shared_out =
                            [&partitions](const std::set<std::uint32_t>& shared) {
                              for (auto* partition : partitions)
                                partition->own(shared.contains(partition->identity().partition));
                            },
                        .lost =
                            [&partitions] {
                              for (auto* partition : partitions) partition->claim_no_more();
                            },
                        // Until it has read the log it could claim nothing, and nobody else would.
                        .fit =
                            [&partitions] {
                              return std::ranges::all_of(partitions, [](const auto* partition) {
                                return partition->status().at_end && !partition->clock_is_distrusted();
                              });
                            }};
  const bool shares = settings_.cluster_own == "group";
  if (!shares) {
    const auto owned = *parse_partitions(settings_.cluster_own);
    for (auto* partition : partitions) partition->own(owned(partition->identity().partition));
    hooks.shared_out = [](const auto&) {};
    hooks.lost = [] {};
  }
  group_ = std::make_unique<bus::KafkaGroup>(options("log"), settings_.topic_prefix + (shares ? owners : others),
                                             settings_.node_id, settings_.advertise, std::move(hooks));
}

bool KafkaParts::others_take_over() const {
  if (settings_.cluster_own != "group") return false;
  try {
    return bus::group_members(options("log"), {settings_.topic_prefix + owners}).size() > 1;
  } catch (const bus::KafkaRefused& refused) {
    log_.write(LogLevel::warning, "stops without waiting for others to take over", {{"reason", refused.what()}});
    return false;
  }
}

std::vector<bus::GroupMember> KafkaParts::nodes() const {
  return bus::group_members(options("log"), {settings_.topic_prefix + owners, settings_.topic_prefix + others});
}

}  // namespace countersign::server
