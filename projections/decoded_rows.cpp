#include "projections/decoded_rows.h"

#include <utility>

namespace countersign::projections {
namespace {
constexpr std::size_t overhead_bytes = 128;  ///< of an entry, beside key and row
}

DecodedRows::Found DecodedRows::find(std::string_view key) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.young.find(key); it != shard.young.end()) return {it->second, shard.epoch};
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return {nullptr, shard.epoch};
  const Row row = std::move(it->second);
  shard.old.erase(it);
  put(shard, key, row, 0);  // its bytes were counted when it came
  return {row, shard.epoch};
}

void DecodedRows::offer(std::string_view key, Row row, std::size_t bytes, std::uint64_t epoch) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.epoch == epoch) put(shard, key, std::move(row), bytes);
}

void DecodedRows::landed(std::string_view key, Row row, std::size_t bytes) {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  ++shard.epoch;
  const bool was_here = shard.young.contains(key) || shard.old.contains(key);
  if (!was_here) return;
  if (const auto it = shard.old.find(key); it != shard.old.end()) shard.old.erase(it);
  if (row) return put(shard, key, std::move(row), bytes);
  if (const auto it = shard.young.find(key); it != shard.young.end()) shard.young.erase(it);
}

void DecodedRows::put(Shard& shard, std::string_view key, Row row, std::size_t bytes) {
  shard.young_bytes += key.size() + bytes + overhead_bytes;
  if (shard.young_bytes > most_a_generation_) {
    shard.old = std::exchange(shard.young, {});
    shard.young_bytes = 0;
  }
  shard.young.insert_or_assign(std::string(key), std::move(row));
}

}  // namespace countersign::projections
