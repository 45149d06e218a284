#include "tools/countersignd/served_partition.h"

#include "adapters/keys/random.h"
#include "tools/countersignd/node.h"

namespace countersign::server {

ServedPartition::ServedPartition(const PartitionParts& parts, bus::PartitionLog& log, const bus::LogIdentity& identity,
                                 const bus::PartitionLimits& limits)
    : projector_(parts.views, identity.partition, projections::follow_batch_bytes,
                 [&published = parts.published](const auto& overlay) {
                   published.add(overlay);
                   published.land(overlay);
                 }),
      decider_(parts.published, parts.keys, parts.refusals, parts.locate, identity.partition),
      running_({.log = log,
                .decider = decider_,
                .identity = identity,
                .log_key = std::string(parts.keys.cluster().log.key.view()),
                .node = parts.node,
                .address = parts.address,
                .clock = [] { return bus::TimeMs{wall_clock()}; },
                .random = keys::random_fill,
                .fold = [this](const auto& record) { projector_.apply(*record.frame(), record.after); },
                .folded = [this](const auto& state) { projector_.finish(state); },
                .position = [&views = parts.views, n = identity.partition] { return views.position(n); },
                .on_change = parts.on_change},
               limits) {
  projector_.on_erased(parts.on_erased);
  projector_.on_deleted(parts.on_deleted);
}

}  // namespace countersign::server
