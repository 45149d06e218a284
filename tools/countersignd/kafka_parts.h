#pragma once
// A node's way to its cluster: the log's partitions and the other topics on Kafka, and which partitions to write.

#include <memory>
#include <vector>

#include "adapters/commands/partitions.h"
#include "bus/kafka_group.h"
#include "bus/kafka_log.h"
#include "bus/kafka_table.h"
#include "tools/countersignd/logging.h"
#include "tools/countersignd/settings.h"

namespace countersign::server {

class KafkaParts {
 public:
  /// Checks the topics. Throws StartRefused saying what is wrong and the commands that mend it.
  KafkaParts(const Settings& settings, Log& log);
  ~KafkaParts();

  std::uint32_t partitions() const { return static_cast<std::uint32_t>(logs_.size()); }
  bus::PartitionLog& log(std::uint32_t number) { return *logs_[number]; }
  const std::shared_ptr<bus::KafkaTable>& keys() const { return keys_; }
  /// Of "log", "keys" or "audit".
  bus::KafkaOptions options(const char* topic) const;

  /// Tells the partitions which of them this node should own, from now on.
  void share_out(const commands::Partitions& partitions);
  /// All nodes that run, as the brokers know them. Waits. Throws bus::KafkaRefused.
  std::vector<bus::GroupMember> nodes() const;
  /// Whether there is another node that will be given what this one owns when it leaves the group. Waits.
  bool others_take_over() const;
  /// Leaves the group: no more is told.
  void disown() { group_.reset(); }

 private:
  const Settings& settings_;
  Log& log_;
  bus::KafkaProperties properties_;
  std::shared_ptr<bus::KafkaTable> keys_;
  std::shared_ptr<bus::KafkaReader> reader_;
  std::vector<std::unique_ptr<bus::KafkaLog>> logs_;
  std::unique_ptr<bus::KafkaGroup> group_;
};

}  // namespace countersign::server
