#include "projections/merkle/tree_hash.h"

#include <bit>
#include <stdexcept>

namespace countersign::projections {
namespace {

std::string_view prefix(char byte) {
  static constexpr char bytes[] = {0, 1};
  return {bytes + byte, 1};
}

bus::Sha256& hasher() {
  thread_local bus::Sha256 sha256;
  return sha256;
}

/// The largest power of two below `size`, which is 2 at least.
std::uint64_t split_of(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

/// Leaves [begin, end), where `begin` is a multiple of a power of two that is no smaller than their number.
TreeHash range_hash(std::uint64_t begin, std::uint64_t end, const SubtreeHash& subtree) {
  const auto size = end - begin;
  if (std::has_single_bit(size)) {
    const auto level = static_cast<unsigned>(std::countr_zero(size));
    return subtree(level, begin >> level);
  }
  const auto split = split_of(size);
  return hash_of_children(range_hash(begin, begin + split, subtree), range_hash(begin + split, end, subtree));
}

void include(std::uint64_t index, std::uint64_t begin, std::uint64_t end, const SubtreeHash& subtree,
             std::vector<TreeHash>& proof) {
  if (end - begin == 1) return;
  const auto middle = begin + split_of(end - begin);
  if (index < middle) {
    include(index, begin, middle, subtree, proof);
    proof.push_back(range_hash(middle, end, subtree));
  } else {
    include(index, middle, end, subtree, proof);
    proof.push_back(range_hash(begin, middle, subtree));
  }
}

/// `known`: whether the verifier knows the hash of [begin, from) when that is all of [begin, end).
void connect(std::uint64_t from, std::uint64_t begin, std::uint64_t end, bool known, const SubtreeHash& subtree,
             std::vector<TreeHash>& proof) {
  if (from == end) {
    if (!known) proof.push_back(range_hash(begin, end, subtree));
    return;
  }
  const auto middle = begin + split_of(end - begin);
  if (from <= middle) {
    connect(from, begin, middle, known, subtree, proof);
    proof.push_back(range_hash(middle, end, subtree));
  } else {
    connect(from, middle, end, false, subtree, proof);
    proof.push_back(range_hash(begin, middle, subtree));
  }
}

}  // namespace

TreeHash hash_of_leaf(std::string_view leaf) {
  return hasher().update(prefix(0)).update(leaf).finish();
}

TreeHash hash_of_children(const TreeHash& left, const TreeHash& right) {
  return hasher().update(prefix(1)).update(bus::view(left)).update(bus::view(right)).finish();
}

TreeHash root_of_perfect(std::span<const TreeHash> hashes) {
  if (!std::has_single_bit(hashes.size())) throw std::logic_error("a perfect tree has 2^n leaves");
  std::vector<TreeHash> level(hashes.begin(), hashes.end());
  for (auto size = level.size(); size > 1; size /= 2)
    for (std::size_t i = 0; i < size / 2; ++i) level[i] = hash_of_children(level[2 * i], level[2 * i + 1]);
  return level.front();
}

TreeHash root_of(std::uint64_t size, const SubtreeHash& subtree) {
  return size == 0 ? bus::sha256("") : range_hash(0, size, subtree);
}

std::vector<TreeHash> inclusion_proof(std::uint64_t index, std::uint64_t size, const SubtreeHash& subtree) {
  if (index >= size) throw std::logic_error("no proof of a leaf beyond the tree");
  std::vector<TreeHash> proof;
  include(index, 0, size, subtree, proof);
  return proof;
}

std::vector<TreeHash> consistency_proof(std::uint64_t from, std::uint64_t to, const SubtreeHash& subtree) {
  if (from == 0 || from > to) throw std::logic_error("no proof from an empty or larger tree");
  std::vector<TreeHash> proof;
  connect(from, 0, to, true, subtree, proof);
  return proof;
}

bool includes(const TreeHead& head, std::uint64_t index, const TreeHash& leaf, std::span<const TreeHash> proof) {
  if (index >= head.size) return false;
  auto place = index, last = head.size - 1;
  auto hash = leaf;
  for (const auto& sibling : proof) {
    if (last == 0) return false;
    if (place % 2 == 1 || place == last) {
      hash = hash_of_children(sibling, hash);
      for (; place % 2 == 0 && place != 0; place /= 2) last /= 2;
    } else {
      hash = hash_of_children(hash, sibling);
    }
    place /= 2;
    last /= 2;
  }
  return last == 0 && hash == head.root;
}

bool consistent(const TreeHead& from, const TreeHead& to, std::span<const TreeHash> proof) {
  if (from.size > to.size) return false;
  if (from.size == to.size) return proof.empty() && from.root == to.root;
  if (from.size == 0) return proof.empty();
  std::vector<TreeHash> path;
  if (std::has_single_bit(from.size)) path.push_back(from.root);
  path.insert(path.end(), proof.begin(), proof.end());
  if (path.empty()) return false;
  auto place = from.size - 1, last = to.size - 1;
  for (; place % 2 == 1; place /= 2) last /= 2;
  auto older = path.front(), newer = path.front();
  for (const auto& hash : std::span(path).subspan(1)) {
    if (last == 0) return false;
    if (place % 2 == 1 || place == last) {
      older = hash_of_children(hash, older);
      newer = hash_of_children(hash, newer);
      for (; place % 2 == 0 && place != 0; place /= 2) last /= 2;
    } else {
      newer = hash_of_children(newer, hash);
    }
    place /= 2;
    last /= 2;
  }
  return last == 0 && older == from.root && newer == to.root;
}

void RunningTree::append(const TreeHash& leaf) {
  auto hash = leaf;
  for (auto full = size_++; full % 2 == 1; full /= 2) {
    hash = hash_of_children(perfect_.back(), hash);
    perfect_.pop_back();
  }
  perfect_.push_back(hash);
}

TreeHead RunningTree::head() const {
  if (perfect_.empty()) return {0, bus::sha256("")};
  auto root = perfect_.back();
  for (auto left = perfect_.rbegin() + 1; left != perfect_.rend(); ++left) root = hash_of_children(*left, root);
  return {size_, root};
}

}  // namespace countersign::projections
