#pragma once
// A Merkle tree as RFC 6962, section 2.1, defines it: recursive, over all leaves each time. What the fast ones are
// held against.

#include <bit>
#include <string>
#include <vector>

#include "projections/merkle/tree_hash.h"

namespace countersign::testing {

inline std::vector<projections::TreeHash> leaf_hashes(std::size_t count) {
  std::vector<projections::TreeHash> leaves;
  for (std::size_t i = 0; i < count; ++i)
    leaves.push_back(bus::sha256(std::string(1, '\0') + "leaf " + std::to_string(i)));
  return leaves;
}

class SlowTree {
 public:
  explicit SlowTree(std::vector<projections::TreeHash> leaves) : leaves_(std::move(leaves)) {}

  const std::vector<projections::TreeHash>& leaves() const { return leaves_; }
  projections::TreeHash root(std::uint64_t size) const {
    return size == 0 ? bus::sha256("") : of(std::span(leaves_).first(size));
  }
  projections::TreeHead head(std::uint64_t size) const { return {size, root(size)}; }
  projections::SubtreeHash subtrees() const {
    return [this](unsigned level, std::uint64_t index) {
      return of(std::span(leaves_).subspan(index << level, std::size_t{1} << level));
    };
  }

 private:
  static projections::TreeHash of(std::span<const projections::TreeHash> leaves) {
    if (leaves.size() == 1) return leaves[0];
    const auto split = std::bit_floor(leaves.size() - 1);
    const auto left = of(leaves.first(split)), right = of(leaves.subspan(split));
    return bus::sha256("\x01" + std::string(bus::view(left)) + std::string(bus::view(right)));
  }
  std::vector<projections::TreeHash> leaves_;
};

}  // namespace countersign::testing
