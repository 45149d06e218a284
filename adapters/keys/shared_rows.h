#pragma once
// Which rows of a key store are the cluster's, and what a copy of them knows of its age.

#include <rocksdb/write_batch.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/keys/key_rows.h"
#include "bus/shared_table.h"

namespace countersign::keys {

/// Format, cluster, account and subject keys, secrets; not what a store keeps for itself.
inline constexpr std::string_view shared_letters = "acdfs";
bool is_shared(std::string_view row);
/// Those that a key destroyed leaves.
inline bool may_be_destroyed(std::string_view row) {
  return row.front() == subject_letter || row.front() == secret_letter;
}

/// What the batch does to rows of the cluster.
std::vector<bus::TableRow> shared_rows(const rocksdb::WriteBatch& batch);

/// The value of position_row.
struct CopiedTo {
  bus::Offset next;    ///< all of the topic before it was applied
  bus::TimeMs all_at;  ///< when the copy was known to be all of it
};
std::string encode(const CopiedTo& copied);
/// Nothing: damaged.
std::optional<CopiedTo> decode_copied_to(std::string_view value);
bus::TimeMs wall_clock();

}  // namespace countersign::keys
