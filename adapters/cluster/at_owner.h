#pragma once
// Which requests another node answers: those that change something, and the few reads that only the owner of their
// account's partition can answer, or answers best (when API keys were last used). All else is answered by any node from
// its own views.

#include "adapters/cluster/forwarder.h"
#include "adapters/commands/partitions.h"
#include "adapters/http/server/route.h"

namespace countersign::cluster {

struct Cluster {
  const commands::Partitions& partitions;
  Forwarder& forwarder;
  std::string node;
};

/// The same routes, forwarding. Beyond those, a request with a key that this node doesn't know goes to the node that
/// owns the key's slot, because it may be new (http::Caller::known_here). `cluster` must outlive them.
std::vector<http::Route> at_owner(const Cluster& cluster, std::vector<http::Route> routes);

}  // namespace countersign::cluster
