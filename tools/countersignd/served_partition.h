#pragma once
// What a node has for each partition of its log: who decides, what folds others' frames into the views, and the threads
// that do it.

#include "adapters/commands/decider.h"
#include "bus/running_partition.h"
#include "projections/projector.h"

namespace countersign::server {

/// What all partitions of a node share. All must outlive them.
struct PartitionParts {
  projections::Views& views;
  commands::Published& published;
  keys::KeyStore& keys;
  commands::RefusalLog& refusals;
  commands::Locate locate;
  std::string node, address;
  std::function<void()> on_change;
  projections::Projector::OnErased on_erased;
  projections::Projector::OnDeleted on_deleted;
};

class ServedPartition {
 public:
  /// `log` must outlive it.
  ServedPartition(const PartitionParts& parts, bus::PartitionLog& log, const bus::LogIdentity& identity,
                  const bus::PartitionLimits& limits);

  bus::Partition& operator*() { return *running_; }
  bus::Partition* operator->() { return &*running_; }
  bus::RunningPartition& running() { return running_; }

 private:
  projections::Projector projector_;
  commands::CommandDecider decider_;
  bus::RunningPartition running_;
};

}  // namespace countersign::server
