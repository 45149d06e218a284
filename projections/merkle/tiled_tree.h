#pragma once
// One account's Merkle tree in tiles (C2SP tlog-tiles): full tiles are stored as soon as they are, the newest hashes of
// each level are kept in RAM. Appending costs one hash and, every 256 leaves, one tile; nothing is hashed twice.
//
// Concurrency: any number of readers as long as nobody appends.

#include <optional>
#include <string>
#include <vector>

#include "projections/merkle/tile.h"
#include "projections/merkle/tile_store.h"
#include "projections/merkle/tree_hash.h"

namespace countersign::projections {

class TiledTree {
 public:
  TiledTree(domain::AccountId account, TileStore& store) : account_(account), store_(store) {}

  /// When the store fails: std::runtime_error, and the tree is empty again.
  void append(const TreeHash& leaf);
  std::uint64_t size() const { return size_; }

  /// The tile's hashes, one after the other; nothing when the tree isn't that large.
  std::optional<std::string> tile(const Tile& tile) const;
  /// Of a perfect subtree that is in the tree.
  TreeHash subtree(unsigned level, std::uint64_t index) const;
  /// The head that the tree had at this size. Throws std::logic_error when it hasn't been that large.
  TreeHead head(std::uint64_t size) const;

 private:
  std::string stored(unsigned level, std::uint64_t index) const;

  const domain::AccountId account_;
  TileStore& store_;
  std::uint64_t size_ = 0;
  std::vector<std::vector<TreeHash>> growing_;  ///< by level
};

}  // namespace countersign::projections
