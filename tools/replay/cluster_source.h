#pragma once
// A cluster's log, of several partitions, and its keys, opened for reading only: no record and no row can be written
// through it, and no producer is ever made. The keys are copied into a directory for the time being and followed, so
// that those of people who are made meanwhile are found.
//
// Concurrency: as bus::PartitionLog and keys::KeyStore.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "bus/kafka_client.h"
#include "bus/log_identity.h"
#include "bus/partition_log.h"
#include "bus/shared_table.h"
#include "tools/replay/scratch.h"

namespace countersign::replay {

/// Where a cluster's topics are.
struct KafkaPlace {
  std::string brokers, prefix = "countersign";
  std::vector<std::string> properties;    ///< name=value, as librdkafka has them
  std::filesystem::path properties_file;  ///< with more of them
  std::function<void(const std::string&)> on_problem;

  /// Of the topic <prefix>.<topic>. Throws bus::KafkaRefused, which names no value.
  bus::KafkaOptions options(const std::string& topic) const;
};

class ClusterSource {
 public:
  using Logs = std::vector<std::unique_ptr<bus::PartitionLog>>;
  /// One log a partition, in order. Throws keys::StartError.
  ClusterSource(Logs logs, std::shared_ptr<bus::SharedTable> keys, const std::filesystem::path& master_key_file);
  /// Throws bus::KafkaRefused, std::runtime_error, and as the constructor.
  static std::shared_ptr<ClusterSource> on_kafka(const KafkaPlace& place, const std::filesystem::path& master_key_file);
  ~ClusterSource();

  std::uint32_t partitions() const { return static_cast<std::uint32_t>(logs_.size()); }
  bus::PartitionLog& log(std::uint32_t partition) const { return *logs_.at(partition); }
  keys::KeyStore& keys() const { return *keys_; }
  bus::LogIdentity identity(std::uint32_t partition) const;
  const std::filesystem::path& master_key_file() const { return master_key_file_; }
  /// A directory that holds the copy of the keys and nothing else that a data directory has.
  const std::filesystem::path& directory() const { return scratch_.path(); }

 private:
  Scratch scratch_;
  std::filesystem::path master_key_file_;
  Logs logs_;
  std::unique_ptr<keys::KeyStore> keys_;
};

}  // namespace countersign::replay
