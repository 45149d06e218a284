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
  if (const auto it = shard.young.find(key); it != shard.young.end()) {
    shard.young_bytes -= it->second.bytes;
    shard.young.erase(it);
    if (row) put(shard, key, {std::move(row), key.size() + bytes + overhead_bytes});
    return;
  }
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return;
  shard.old.erase(it);
  if (row) put(shard, key, {std::move(row), key.size() + bytes + overhead_bytes});
}

void DecodedRows::put(Shard& shard, std::string_view key, Entry entry) {
  shard.young_bytes += entry.bytes;
  if (shard.young_bytes > most_a_generation_) {
    shard.old = std::exchange(shard.young, {});
    shard.young_bytes = entry.bytes;
  }
  shard.young.insert_or_assign(std::string(key), std::move(entry));
}

}  // namespace countersign::projections
