// A node of a cluster on Kafka: what it opens, what it forwards, when it is behind.

#include <algorithm>

#include "adapters/cluster/node_uri.h"
#include "adapters/keys/master_rotation.h"
#include "bus/format.h"
#include "tools/countersignd/backup.h"
#include "tools/countersignd/node_api.h"

namespace countersign::server {
namespace {

constexpr const char* refused_stranger = "Only nodes of this cluster are answered here.";

}  // namespace

void Node::open_kafka() {
  kafka_ = std::make_unique<KafkaParts>(settings_, log_);
  root_key_ = directory_.root_key(settings_, root_key_origin_);
  keys_ = keys::open_with_master_file(directory_.keys(), directory_.master_key_file(settings_),
                                      keys::KeyStore::Mode::create_if_missing,
                                      {.write_buffers = write_buffers_, .topic = kafka_->keys()});
  lookup_ = std::make_unique<keys::Lookup>(keys_->cluster().lookup.key);
  identity_ = identity_of(*keys_);
  node_certificate_ = std::make_unique<cluster::NodeCertificate>(keys_->cluster().log.key, settings_.node_id);
  if (!std::filesystem::exists(directory_.views())) begin_from_peer();
  open_views();
  // Those that the views knew of when this node ended.
  std::vector<keys::Subject> erased;
  const std::string table(1, static_cast<char>(projections::Table::erased));
  views_->scan(table, table, [&](std::string_view key, std::string_view) {
    const auto [account, user] = projections::parse_erased_key(key);
    erased.push_back({account, user});
    return true;
  });
  if (const auto error = keys_->erase_subjects(erased))
    throw StartRefused("keys of erased people can't be destroyed: " + error.message());
}

std::vector<http::ClusterNode> Node::nodes() const {
  if (!kafka_) return {{settings_.node_id, url_, bus::this_release(), bus::newest_format()}};
  std::vector<http::ClusterNode> nodes;
  for (auto& member : kafka_->nodes())
    nodes.push_back({member.node, member.address, member.release, member.newest_format});
  return nodes;
}

/// Routes for clients; and a server of its own for the other nodes, who have the same routes.
std::vector<http::Route> Node::serve_cluster(std::vector<http::Route> routes) {
  cluster::ForwarderOptions options;
  options.on_unreachable = [this](const std::string& node, const std::string& address, const std::string& why) {
    log_.write(LogLevel::warning, "a node can't be reached", {{"node", node}, {"address", address}, {"reason", why}});
  };
  forwarder_ = std::make_unique<cluster::Forwarder>(*node_certificate_, std::move(options));
  cluster_ = std::make_unique<cluster::Cluster>(cluster::Cluster{*partitions_, *forwarder_, settings_.node_id});
  routes = cluster::at_owner(*cluster_, std::move(routes));

  const auto listen = parse_listen(settings_.cluster_listen);
  http::ServerOptions server;
  server.listen.push_back({listen.host, listen.port});
  server.threads = static_cast<unsigned>(settings_.threads);
  server.limits.max_connections = settings_.max_connections;
  server.tls = [this] { return node_certificate_->current(); };
  server.trusted_proxies = http::TrustedProxies({"::/0"});  // whoever comes in is a node
  server.hooks.admit = [this](http::Exchange& exchange) -> std::optional<http::Response> {
    if (!cluster::is_from_node(exchange.request()))
      return exchange.problem({.status = 403, .code = "forbidden", .detail = refused_stranger});
    if (auto problem = api_->authentication.admit(exchange)) return exchange.problem(*problem);
    return std::nullopt;
  };
  server.hooks.on_answered = [this](const http::AccessRecord& record) {
    if (!log_.writes(LogLevel::debug)) return;
    log_.write(LogLevel::debug, "answered a node",
               {{"node", cluster::node_of(record.peer_uri)},
                {"route", record.route ? record.route->path : "-"},
                {"status", std::to_string(record.status)},
                {"reference", std::string(record.correlation_id)}});
  };
  server.hooks.on_failure = [this](std::string_view reference, const http::Route& route, std::string_view what) {
    log_.write(LogLevel::error, "a handler failed",
               {{"route", route.path}, {"reference", std::string(reference)}, {"what", std::string(what)}});
  };
  snapshots_ = std::make_unique<cluster::SnapshotSource>(
      [this](const std::filesystem::path& to) { views_->checkpoint_to(to.string()); },
      [this] { return not_current().empty(); }, directory_.path() / "views.sending", projections::view_version);
  open_observations();
  auto inner = routes;
  inner.push_back(snapshots_->route());
  inner.push_back(observations_->route());
  cluster_server_ = std::make_unique<http::Server>(std::move(inner), std::move(server));
  return routes;
}

/// What a node observes of accounts goes to the node that owns them.
void Node::open_observations() {
  const commands::Observed observed{read_log_, refusals_, activity_, key_use_};
  const auto clock = [this] { return now(); };
  cluster::ObservationSenderOptions options;
  options.on_trouble = [this](const cluster::ObservationTrouble& trouble) {
    log_.write(trouble.dropped ? LogLevel::error : LogLevel::warning,
               trouble.dropped ? "what was observed is dropped, because the owner doesn't take it"
                               : "what was observed can't be handed to the owner yet",
               {{"partition", std::to_string(trouble.partition)}, {"node", trouble.node}, {"reason", trouble.reason}});
  };
  observations_ = std::make_unique<cluster::ObservationReceiver>(*partitions_, observed, clock);
  telling_ = std::make_unique<cluster::ObservationSender>(*node_certificate_, *partitions_, observed, clock,
                                                          std::move(options));
}

/// Leaves the group, and goes on serving until others have claimed what this node owns, so that nobody waits for them.
void Node::hand_over() {
  constexpr auto patience = std::chrono::seconds(5);
  note_stop();
  const bool others = kafka_->others_take_over();
  kafka_->disown();
  for (auto* partition : *partitions_) partition->claim_no_more();
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto owns = [](const auto* partition) { return partition->owns(); };
  while (others && std::ranges::any_of(*partitions_, owns) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

bool Node::has_space(std::size_t bytes) const {
  if (embedded_) return embedded_->has_space(bytes);
  std::error_code error;
  const auto space = std::filesystem::space(directory_.path(), error);
  return !error && space.available > (settings_.disk_reserve_mib << 20) + bytes;
}

/// Why what this node shows may be older than it promises; empty: it isn't.
std::string Node::not_current() const {
  const auto now = std::chrono::steady_clock::now();
  for (const auto* partition : *partitions_) {
    const auto status = partition->status();
    if (!status.wrong_clock.empty()) return status.wrong_clock;
    if (status.at_end && now - *status.at_end <= commands::stale_after) continue;
    const auto number = std::to_string(partition->identity().partition);
    if (!status.trouble.empty()) return "partition " + number + ": " + status.trouble;
    return "partition " + number +
           (status.at_end ? " was last known to be current more than 5 s ago" : " is still being read");
  }
  return {};
}

}  // namespace countersign::server
