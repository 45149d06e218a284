#pragma once
// The partitions of the log, the nodes that run, and the end of an upgrade.

#include <functional>
#include <string>
#include <vector>

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

/// A node that runs: its name, its release, and the newest format of the log that it knows (bus/format.h).
struct ClusterNode {
  std::string name, address, release;
  std::uint16_t newest_format = 0;
};

struct ClusterPorts {
  std::string node, bus;  ///< this node's name; "embedded" or "kafka"
  /// Those that run. Waits. Throws std::runtime_error saying why it isn't known.
  std::function<std::vector<ClusterNode>()> nodes;
};

class Cluster {
 public:
  Cluster(Reads& reads, Writes& writes, ClusterPorts ports)
      : reads_(reads), writes_(writes), ports_(std::move(ports)) {}

  /// Who owns which partition, as far as this node has read.
  Response show(Exchange& exchange);
  boost::asio::awaitable<Response> nodes(Exchange& exchange);
  /// Raises the format of one partition's log to the newest that this node knows, if all nodes that run know it.
  boost::asio::awaitable<Response> finalize_upgrade(Exchange& exchange);

 private:
  /// Of ClusterPorts::nodes; the problem when it isn't known.
  boost::asio::awaitable<std::variant<std::vector<ClusterNode>, Problem>> ask_nodes();

  Reads& reads_;
  Writes& writes_;
  const ClusterPorts ports_;
};

}  // namespace countersign::http
