// cluster: beginning one on Kafka, and how it is.

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "adapters/keys/cluster_keys.h"
#include "adapters/keys/master_key.h"
#include "bus/kafka_table.h"
#include "bus/kafka_topics.h"
#include "domain/slot.h"
#include "tools/countersign/session.h"
#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

struct Wanted {
  std::string brokers, prefix = "countersign", master_key_file;
  std::vector<std::string> properties;
  std::string properties_file;
  int partitions = 24, replication = 3;
};

bus::KafkaOptions options_of(const Wanted& wanted) {
  bus::KafkaOptions options;
  options.brokers = wanted.brokers;
  options.topic = wanted.prefix + ".keys";
  options.on_problem = [](const std::string& text) { std::cerr << "countersign: " + escaped(text) + "\n"; };
  options.properties = bus::kafka_properties(wanted.properties, wanted.properties_file);
  return options;
}

/// Makes topics and keys; each step that has been done already is left as it is, but for keys that are there.
void init(const Wanted& wanted) {
  const auto options = options_of(wanted);
  const auto topics = bus::topics_of(wanted.prefix, wanted.partitions, wanted.replication);
  const auto findings = bus::create_topics(options, topics);
  if (!findings.empty()) {
    std::string text = "topics are there that are not as they must be:";
    for (const auto& finding : findings) text.append("\n  ").append(bus::describe(finding));
    throw std::runtime_error(text);
  }
  const bool made = !std::filesystem::exists(wanted.master_key_file);
  const auto master = keys::load_or_create_master_key(wanted.master_key_file, true);
  bus::KafkaTable table(options);
  std::vector<domain::AccountId> accounts;
  accounts.reserve(static_cast<std::size_t>(wanted.partitions));
  for (int n = 0; n < wanted.partitions; ++n) accounts.push_back(domain::system_account(static_cast<std::uint32_t>(n)));
  keys::make_cluster_keys(master, table, accounts);
  std::cout << "The cluster is ready: topics " << wanted.prefix << ".log (" << wanted.partitions << " partitions), "
            << wanted.prefix << ".keys and " << wanted.prefix << ".audit.\n"
            << (made ? "A master key was made in " : "Its keys are wrapped by ") << wanted.master_key_file
            << ": keep a copy of it apart from the brokers. Every node needs it.\n";
}

const std::vector<Column> partition_columns{
    {"PARTITION", "partition"}, {"OWNER", "owner"},    {"TERM", "term"},       {"FRAME", "frame"},
    {"FORMAT", "format"},       {"ROLE HERE", "role"}, {"TROUBLE", "trouble"}, {"CURRENT MS AGO", "current_ms_ago"}};
const std::vector<Column> node_columns{
    {"NODE", "node"}, {"ADDRESS", "address"}, {"RELEASE", "release"}, {"NEWEST FORMAT", "newest_format"}};
const std::vector<Column> upgrade_columns{{"PARTITION", "partition"}, {"FORMAT", "format"}, {"RAISED", "raised"}};

/// One partition after the other: what is done stays done, and running it again goes on.
void finalize_upgrade(Session& session) {
  const auto before = session.api().get("/v1/cluster");
  boost::json::array done;
  for (const auto& partition : before.at("partitions").as_array()) {
    const auto number = std::to_string(partition.at("partition").to_number<std::uint32_t>());
    done.push_back(session.api().post("/v1/cluster/partitions/" + number + "/finalize-upgrade", {}));
  }
  session.show(done, upgrade_columns);
  // An owner of an older release knows of nothing newer, and says that all is done.
  std::int64_t newest = 0;
  const auto nodes = session.api().get("/v1/cluster/nodes");
  for (const auto& node : nodes.at("items").as_array())
    newest = std::max(newest, node.at("newest_format").to_number<std::int64_t>());
  for (const auto& partition : done)
    if (partition.at("format").to_number<std::int64_t>() < newest)
      throw std::runtime_error("partitions are owned by nodes of an older release: upgrade these first");
}

}  // namespace

void add_cluster(CLI::App& app, Session& session) {
  auto* cluster = app.add_subcommand("cluster", "Begin a cluster on Kafka; show who owns what");
  cluster->require_subcommand(1);

  auto* begin = cluster->add_subcommand("init", "Make the topics and the keys of a new cluster");
  begin->footer(
      "Speaks to the brokers, not to a server. The number of partitions is fixed for the cluster's life. Replication "
      "below 3 is for trials.");
  auto wanted = std::make_shared<Wanted>();
  begin->add_option("--kafka-brokers", wanted->brokers, "host:port,host:port")->required();
  begin->add_option("--topic-prefix", wanted->prefix, "Prefix of the topics (countersign)");
  begin->add_option("--partitions", wanted->partitions, "Partitions of the log (24)")->check(CLI::Range(1, 961));
  begin->add_option("--replication", wanted->replication, "Copies that the brokers keep (3)")
      ->check(CLI::Range(1, 100));
  begin->add_option("--kafka-property", wanted->properties,
                    "Property of librdkafka for security and identity, such as security.protocol=SASL_SSL; repeatable");
  begin->add_option("--kafka-properties-file", wanted->properties_file,
                    "File with such properties, one name=value a line, for those that are secret");
  begin->add_option("--master-key-file", wanted->master_key_file, "Master key of all nodes; made if it isn't there")
      ->required();
  begin->callback([wanted] { init(*wanted); });

  auto* status = cluster->add_subcommand("status", "Partitions and their owners, as one node sees them (root key)");
  status->callback([&session] {
    const auto answer = session.api().get("/v1/cluster");
    session.show(answer.at("partitions").as_array(), partition_columns);
  });

  auto* nodes = cluster->add_subcommand("nodes", "Nodes that run, and their releases (root key)");
  nodes->callback(
      [&session] { session.show(session.api().get("/v1/cluster/nodes").at("items").as_array(), node_columns); });

  auto* upgrade =
      cluster->add_subcommand("finalize-upgrade", "End an upgrade: nodes of older releases stop reading (root key)");
  upgrade->footer(
      "When all nodes run the new release: from then on the log may hold what older ones don't know. It can't be taken "
      "back. It is refused while an older node runs.");
  upgrade->callback([&session] { finalize_upgrade(session); });
}

}  // namespace countersign::cli
