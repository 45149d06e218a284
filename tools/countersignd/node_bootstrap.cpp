// A node without views begins with those of another node, if they can be had, instead of with the whole log.

#include "adapters/keys/store_files.h"
#include "bus/position_check.h"
#include "tools/countersignd/node.h"

namespace countersign::server {
namespace {

namespace fs = std::filesystem;

/// Held against this cluster's log before anything in it is believed. Throws std::runtime_error.
void check_positions(KafkaParts& kafka, bus::LogIdentity identity, std::string_view log_key,
                     const fs::path& directory) {
  const projections::Views copy({.directory = directory.string(), .read_only = true});
  for (std::uint32_t n = 0; n < kafka.partitions(); ++n) {
    identity.partition = n;
    const auto leads = bus::leads_to(kafka.log(n), identity, log_key, copy.position(n));
    if (leads.has_error())
      throw std::runtime_error("partition " + std::to_string(n) + " can't be read: " + leads.error().message());
    if (!*leads)
      throw std::runtime_error("its position in partition " + std::to_string(n) + " is none that the log leads to");
  }
}

}  // namespace

void Node::begin_from_peer() {
  const auto received = directory_.path() / "views.received";
  fs::remove_all(received);  // of a start that was killed
  std::vector<bus::GroupMember> peers;
  try {
    peers = kafka_->nodes();
  } catch (const bus::KafkaRefused& refused) {
    log_.write(LogLevel::warning, "whether another node has views to begin from isn't known",
               {{"reason", refused.what()}});
  }
  std::erase_if(peers, [this](const auto& peer) { return peer.node == settings_.node_id; });
  for (const auto& peer : peers) {
    try {
      log_.write(LogLevel::info, "asking another node for its views", {{"node", peer.node}});
      cluster::SnapshotLimits limits;
      const auto reserve = settings_.disk_reserve_mib << 20;
      const auto free = fs::space(directory_.path()).available;
      limits.most_bytes = free > reserve ? free - reserve : 0;
      const auto bytes = cluster::fetch_snapshot(*node_certificate_, {peer.node, peer.address},
                                                 projections::view_version, received, limits);
      check_positions(*kafka_, identity_, keys_->cluster().log.key.view(), received);
      fs::rename(received, directory_.views());
      keys::sync_directory(directory_.path());
      log_.write(LogLevel::info, "begins from the views of another node",
                 {{"node", peer.node}, {"bytes", std::to_string(bytes)}});
      return;
    } catch (const std::exception& error) {
      log_.write(LogLevel::warning, "another node's views can't be had",
                 {{"node", peer.node}, {"reason", error.what()}});
      std::error_code ignored;
      fs::remove_all(received, ignored);
    }
  }
  log_.write(LogLevel::info, "begins at the beginning of the log");
}

}  // namespace countersign::server
