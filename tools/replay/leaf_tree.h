#pragma once
// The leaf hashes of one account's log with the hashes of all perfect subtrees above them, so that a proof costs a
// look-up a level: for who makes many of them.
//
// Memory: 64 bytes a leaf. Concurrency: any number of readers once nobody appends.

#include <vector>

#include "projections/merkle/tree_hash.h"

namespace countersign::replay {

class LeafTree {
 public:
  void append(const projections::TreeHash& leaf) {
    auto hash = leaf;
    for (std::size_t level = 0;; ++level) {
      if (level == levels_.size()) levels_.emplace_back();
      levels_[level].push_back(hash);
      if (levels_[level].size() % 2 != 0) return;
      hash = projections::hash_of_children(levels_[level][levels_[level].size() - 2], hash);
    }
  }
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  /// The root that the log had at this size, which it has reached.
  projections::TreeHash root(std::uint64_t size) const { return projections::root_of(size, subtree()); }
  std::vector<projections::TreeHash> inclusion(std::uint64_t index, std::uint64_t size) const {
    return projections::inclusion_proof(index, size, subtree());
  }
  std::vector<projections::TreeHash> consistency(std::uint64_t from, std::uint64_t to) const {
    return projections::consistency_proof(from, to, subtree());
  }

 private:
  projections::SubtreeHash subtree() const {
    return [this](unsigned level, std::uint64_t index) { return levels_.at(level).at(index); };
  }
  std::vector<std::vector<projections::TreeHash>> levels_;
};

}  // namespace countersign::replay
