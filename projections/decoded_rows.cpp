#include "projections/decoded_rows.h"

#include <utility>

namespace countersign::projections {
namespace {
constexpr std::size_t overhead_bytes = 128;  ///< of an entry, beside key and row
}

DecodedRows::Found DecodedRows::find(std::string_view key) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.young.find(key); it != shard.young.end()) return {it->second.row, shard.epoch};
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return {nullptr, shard.epoch};
  Entry entry = std::move(it->second);
  shard.old.erase(it);
  const Row row = entry.row;
  put(shard, key, std::move(entry));
  return {row, shard.epoch};
}

void DecodedRows::offer(std::string_view key, Row row, std::size_t bytes, std::uint64_t epoch) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.epoch == epoch) put(shard, key, {std::move(row), key.size() + bytes + overhead_bytes});
}

void DecodedRows::landed(std::string_view key, Row row, std::size_t bytes) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  ++shard.epoch;
  bool was_here = false;  // it may be in both
  if (const auto it = shard.young.find(key); it != shard.young.end()) {
    was_here = true;
    shard.young_bytes -= it->second.bytes;
    shard.young.erase(it);
  }
  if (const auto it = shard.old.find(key); it != shard.old.end()) {
    was_here = true;
    shard.old.erase(it);
  }
  if (was_here && row) put(shard, key, {std::move(row), key.size() + bytes + overhead_bytes});
}

void DecodedRows::put(Shard& shard, std::string_view key, Entry entry) {
  shard.young_bytes += entry.bytes;
  if (shard.young_bytes > most_a_generation_) {
    shard.old = std::exchange(shard.young, {});
    shard.young_bytes = entry.bytes;
  }
  shard.young.insert_or_assign(RowKey(key), std::move(entry));
}

}  // namespace countersign::projections
