// copy: an embedded log to Kafka, and back.

#include "tools/replay/copying/copy.h"

#include "bus/kafka_log.h"
#include "bus/kafka_table.h"
#include "bus/kafka_topic_commands.h"
#include "bus/kafka_topics.h"
#include "tools/replay/commands/program.h"

namespace countersign::replay {
namespace {

struct Wanted {
  std::string to_brokers;
  std::filesystem::path to_directory;
  int partitions = 0, replication = 3;
  bool force = false;
};

constexpr int usual_partitions = 24;
/// Megabytes are under way to each partition at once, and nobody waits for one of them.
constexpr std::chrono::minutes delivered_within{5};

/// Makes the topics where there are none.
int ready_topics(const KafkaPlace& place, const Wanted& wanted) {
  const auto there = bus::partition_count(place.options("log"));
  const auto partitions = wanted.partitions != 0 ? wanted.partitions : there != 0 ? there : usual_partitions;
  const auto topics = bus::topics_of(place.prefix, partitions, wanted.replication);
  const auto findings =
      there == 0 ? bus::create_topics(place.options("log"), topics) : bus::check_topics(place.options("log"), topics);
  if (findings.empty()) return partitions;
  std::string text = "the topics are not as they must be:";
  for (const auto& finding : findings) text.append("\n").append(bus::describe(finding));
  throw std::runtime_error(text);
}

Copied to_kafka(Program& program, const Wanted& wanted) {
  auto place = program.kafka;
  place.brokers = wanted.to_brokers;
  const auto partitions = ready_topics(place, wanted);
  auto log_options = place.options("log"), key_options = place.options("keys");
  log_options.delivered_within = key_options.delivered_within = delivered_within;
  const auto reader = std::make_shared<bus::KafkaReader>(log_options);
  std::vector<std::unique_ptr<bus::KafkaLog>> logs;
  bus::KafkaTable keys(key_options);
  ClusterTarget target{{},
                       keys,
                       "delete the topics and start again:\n" + bus::command_to_delete(log_options) + "\n" +
                           bus::command_to_delete(key_options)};
  for (int n = 0; n < partitions; ++n) {
    logs.push_back(std::make_unique<bus::KafkaLog>(reader, n));
    target.logs.push_back(logs.back().get());
  }
  return copy_to_cluster(program.source, target, wanted.force, program.line.port());
}

void run(Program& program, const Wanted& wanted) {
  const bool to_cluster = !wanted.to_brokers.empty();
  if (to_cluster == !wanted.to_directory.empty())
    throw CLI::ValidationError("copy", "either --to-kafka-brokers or --to-data-dir is expected");
  if (to_cluster && (program.source.directory.empty() || !program.kafka.brokers.empty()))
    throw CLI::ValidationError("--to-kafka-brokers", "the source is a data directory: --data-dir is expected");
  if (!to_cluster && (!program.source.directory.empty() || program.kafka.brokers.empty()))
    throw CLI::ValidationError("--to-data-dir", "the source is a cluster: --kafka-brokers is expected");
  if (!program.source.audit_key_file.empty() || program.source.no_keys)
    throw CLI::ValidationError("--master-key-file", "a copy takes the master key");
  if (!to_cluster && program.source.master_key_file.empty()) throw CLI::RequiredError("--master-key-file");
  const auto copied = to_cluster
                          ? to_kafka(program, wanted)
                          : copy_to_directory(*ClusterSource::on_kafka(program.kafka, program.source.master_key_file),
                                              wanted.to_directory, wanted.force, program.line.port());
  const auto number = [](auto count) { return std::to_string(count); };
  program.say(number(copied.events) + " events of " + number(copied.accounts) + " accounts, in " +
              number(copied.frames) + " frames and " + number(copied.partitions) +
              (copied.partitions == 1 ? " partition; " : " partitions; ") + number(copied.answers) +
              " stored answers, " + number(copied.answers_left_out) + " left out");
  if (!copied.differences.empty()) {
    for (const auto& text : copied.differences) program.say("differs: " + text);
    return program.fail("the copy differs from its source, and no server takes it");
  }
  program.say("each account has the same events and the same Merkle root as in the source");
}

}  // namespace

void add_copy(CLI::App& app, Program& program) {
  auto* copy = app.add_subcommand("copy", "Move a stopped installation to Kafka, or back; verified at both ends");
  copy->footer(
      "Every server is stopped. The source is not changed; don't start it again once the copy is in use. What the "
      "data directory holds beside log and keys is not copied (docs/operations.md).");
  auto wanted = std::make_shared<Wanted>();
  copy->add_option("--to-kafka-brokers", wanted->to_brokers, "host:port,host:port: where --topic-prefix is copied to");
  copy->add_option("--to-data-dir", wanted->to_directory, "Directory that is made; its parent must be there");
  copy->add_option("--partitions", wanted->partitions, "Of topics that are made (24); of those that are there")
      ->check(CLI::Range(1, 961));
  copy->add_option("--replication", wanted->replication, "Copies that the brokers keep (3)")->check(CLI::Range(1, 100));
  copy->add_flag("--force", wanted->force, "The source needn't have been stopped in an orderly way");
  copy->callback([&program, wanted] { run(program, *wanted); });
}

}  // namespace countersign::replay
