#pragma once
// Rows that were read lately, decoded, in RAM: what is looked up thousands of times a second (keys, accounts, tokens,
// users at their gateways) costs neither a read of the database nor a decoding.
//
// Operation: a reader that misses reads the database and offers what it found with the shard's epoch from before its
// read; landing rows raise it, so that nobody can put back what has been overwritten meanwhile. Rows that land are
// replaced or forgotten before the overlay that covers them goes.
//
// Concurrency: any thread; sharded. Limits: about `most_bytes` of encoded rows (two to three times that in RAM); of two
// generations the older one goes as a whole.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "projections/row_key.h"

namespace countersign::projections {

class DecodedRows {
 public:
  /// A decoded row; of which type, its key's table says.
  using Row = std::shared_ptr<const void>;

  explicit DecodedRows(std::size_t most_bytes) : most_a_generation_(most_bytes / shard_count / 2) {}

  struct Found {
    Row row;                  ///< null: not here
    std::uint64_t epoch = 0;  ///< for offer()
  };
  Found find(std::string_view key);
  /// What a reader found in the database after find() had missed; `bytes`: of the encoded row.
  void offer(std::string_view key, Row row, std::size_t bytes, std::uint64_t epoch);
  /// The row has been overwritten. Null: forget it; otherwise it takes the place of the former, if that is here.
  void landed(std::string_view key, Row row, std::size_t bytes);

 private:
  static constexpr std::size_t shard_count = 16;
  struct Entry {
    Row row;
    std::size_t bytes = 0;  ///< as counted, for when it moves to the young generation
  };
  using Rows = boost::unordered_flat_map<RowKey, Entry, RowKeyHash, RowKeyEqual>;
  struct Shard {
    std::mutex mutex;
    Rows young, old;
    std::size_t young_bytes = 0;
    std::uint64_t epoch = 0;
  };
  Shard& shard_of(std::string_view key) { return shards_[RowKeyHash{}(key) >> 32 & (shard_count - 1)]; }
  void put(Shard& shard, std::string_view key, Entry entry);

  const std::size_t most_a_generation_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace countersign::projections
