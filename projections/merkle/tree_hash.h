#pragma once
// The hashes of a Merkle tree and what they prove (RFC 6962, section 2.1; RFC 9162, sections 2.1.3 and 2.1.4): roots,
// inclusion of a leaf, consistency of two sizes of one log, each made from the hashes of perfect subtrees, wherever
// those are kept, and checked without any.
//
// Pure: no state, no I/O. What is impossible (a leaf beyond the size) is a broken invariant and throws
// std::logic_error; a proof that doesn't hold is `false`.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "bus/hash.h"

namespace countersign::projections {

using TreeHash = bus::Bytes32;

/// What a checkpoint signs.
struct TreeHead {
  std::uint64_t size = 0;
  TreeHash root{};
  bool operator==(const TreeHead&) const = default;
};

/// SHA-256(0x00 || leaf).
TreeHash hash_of_leaf(std::string_view leaf);
/// SHA-256(0x01 || left || right).
TreeHash hash_of_children(const TreeHash& left, const TreeHash& right);
/// The root of 2^n hashes of one level.
TreeHash root_of_perfect(std::span<const TreeHash> hashes);

/// The hash of leaves [index * 2^level, (index + 1) * 2^level).
using SubtreeHash = std::function<TreeHash(unsigned level, std::uint64_t index)>;

TreeHash root_of(std::uint64_t size, const SubtreeHash& subtree);
/// From the leaf's sibling to the root's child.
std::vector<TreeHash> inclusion_proof(std::uint64_t index, std::uint64_t size, const SubtreeHash& subtree);
/// Empty for equal sizes. `from` is 1 at least.
std::vector<TreeHash> consistency_proof(std::uint64_t from, std::uint64_t to, const SubtreeHash& subtree);

bool includes(const TreeHead& head, std::uint64_t index, const TreeHash& leaf, std::span<const TreeHash> proof);
bool consistent(const TreeHead& from, const TreeHead& to, std::span<const TreeHash> proof);

/// A tree that only grows: keeps one hash for each bit of its size, which is all that its root needs.
class RunningTree {
 public:
  void append(const TreeHash& leaf);
  std::uint64_t size() const { return size_; }
  TreeHead head() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<TreeHash> perfect_;  ///< largest first
};

}  // namespace countersign::projections
