#pragma once
// The keys of an installation on their way to a cluster's topic, and back.

#include <filesystem>
#include <memory>

#include "adapters/keys/key_store.h"
#include "bus/shared_table.h"
#include "tools/replay/cluster_source.h"

namespace countersign::replay {

/// Whether a table holds a cluster's keys, all of them: then a server takes it. Throws std::runtime_error.
bool is_complete(bus::SharedTable& table);

/// Puts the keys of a stopped server's store into an empty table, and a key of each partition's system account. The row
/// without which no server takes the table for complete is held back until complete(). The store itself isn't changed:
/// a copy of it is what moves.
class KeysToTable {
 public:
  /// Throws keys::StartError, std::runtime_error. All outlive it.
  KeysToTable(const std::filesystem::path& store, const std::filesystem::path& master_key_file, bus::SharedTable& table,
              std::uint32_t partitions);
  ~KeysToTable();
  /// Throws std::runtime_error.
  void complete();

 private:
  class Held;
  std::unique_ptr<Held> held_;
};

/// Makes a store of its own in `store` of the keys that a cluster has, which `from` follows. Throws keys::StartError,
/// std::runtime_error.
void keys_to_store(const ClusterSource& from, const std::filesystem::path& store);

}  // namespace countersign::replay
