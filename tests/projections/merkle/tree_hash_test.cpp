// Hashes and proofs of Merkle trees against RFC 6962's definitions, written down a second time and slowly, and against
// the roots that other implementations of it are tested with.

#include "projections/merkle/tree_hash.h"

#include <gtest/gtest.h>

#include "tests/projections/merkle/slow_tree.h"

namespace countersign::projections {
namespace {

using testing::leaf_hashes;
using testing::SlowTree;

constexpr std::uint64_t most = 70;

std::string hex(const TreeHash& hash) {
  std::string text;
  for (const auto byte : hash)
    for (const auto nibble : {byte >> 4, byte & 15}) text += "0123456789abcdef"[nibble];
  return text;
}

TEST(TreeHash, RootsAreThoseOfOtherImplementations) {
  const std::vector<std::string> leaves = {"",
                                           std::string(1, '\0'),
                                           "\x10",
                                           "\x20\x21",
                                           "\x30\x31",
                                           "\x40\x41\x42\x43",
                                           "\x50\x51\x52\x53\x54\x55\x56\x57",
                                           "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  const std::vector<std::string> roots = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                          "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  RunningTree tree;
  EXPECT_EQ(hex(tree.head().root), roots[0]);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    tree.append(hash_of_leaf(leaves[i]));
    EXPECT_EQ(tree.head().size, i + 1);
    EXPECT_EQ(hex(tree.head().root), roots[i + 1]);
  }
}

TEST(TreeHash, RootsOfAllSizesAreTheDefinitions) {
  const SlowTree slow(leaf_hashes(most));
  RunningTree running;
  for (std::uint64_t size = 0; size <= most; ++size) {
    EXPECT_EQ(running.head().root, slow.root(size)) << size;
    EXPECT_EQ(root_of(size, slow.subtrees()), slow.root(size)) << size;
    if (size < most) running.append(slow.leaves()[size]);
  }
}

TEST(TreeHash, EveryLeafIsProvenInEverySize) {
  const SlowTree slow(leaf_hashes(most));
  for (std::uint64_t size = 1; size <= most; ++size)
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, slow.subtrees());
      EXPECT_TRUE(includes(slow.head(size), index, slow.leaves()[index], proof)) << index << " in " << size;
    }
}

TEST(TreeHash, AnInclusionThatIsNotSoIsRefused) {
  const SlowTree slow(leaf_hashes(most));
  for (const std::uint64_t size : {1, 2, 3, 7, 8, 9, 33, 70})
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, slow.subtrees());
      const auto head = slow.head(size);
      const auto& leaf = slow.leaves()[index];
      EXPECT_FALSE(includes(head, index, slow.leaves()[(index + 1) % most], proof)) << "another leaf";
      EXPECT_FALSE(includes(head, index + 1, leaf, proof)) << "another place";
      EXPECT_FALSE(includes({size, slow.root(size + 1 > most ? 1 : size + 1)}, index, leaf, proof)) << "another root";
      EXPECT_FALSE(includes({index, head.root}, index, leaf, proof)) << "beyond the size";
      auto longer = proof;
      longer.push_back(leaf);
      EXPECT_FALSE(includes(head, index, leaf, longer));
      if (proof.empty()) continue;
      EXPECT_FALSE(includes(head, index, leaf, std::span(proof).first(proof.size() - 1)));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto changed = proof;
        changed[i][7] ^= 1;
        EXPECT_FALSE(includes(head, index, leaf, changed));
      }
    }
}

TEST(TreeHash, EverySizeIsConsistentWithEveryLaterOne) {
  const SlowTree slow(leaf_hashes(most));
  for (std::uint64_t to = 1; to <= most; ++to)
    for (std::uint64_t from = 1; from <= to; ++from) {
      const auto proof = consistency_proof(from, to, slow.subtrees());
      EXPECT_TRUE(consistent(slow.head(from), slow.head(to), proof)) << from << " to " << to;
      EXPECT_EQ(proof.empty(), from == to);
    }
}

TEST(TreeHash, AnInconsistencyIsSeen) {
  auto leaves = leaf_hashes(most);
  const SlowTree slow(leaves);
  leaves[5][0] ^= 1;
  const SlowTree other(leaves);
  for (std::uint64_t to = 2; to <= most; ++to)
    for (std::uint64_t from = 1; from < to; ++from) {
      const auto proof = consistency_proof(from, to, slow.subtrees());
      EXPECT_FALSE(consistent(slow.head(to), slow.head(from), proof)) << "the other way round";
      if (to > 5) {
        EXPECT_FALSE(consistent(slow.head(from), other.head(to), proof)) << from << " to " << to;
        EXPECT_FALSE(consistent(slow.head(from), other.head(to), consistency_proof(from, to, other.subtrees())) &&
                     from > 5);
      }
      if (from > 5) {
        EXPECT_FALSE(consistent(other.head(from), slow.head(to), proof)) << from << " to " << to;
      }
      auto longer = proof;
      longer.push_back(leaves[0]);
      EXPECT_FALSE(consistent(slow.head(from), slow.head(to), longer));
      EXPECT_FALSE(consistent(slow.head(from), slow.head(to), std::span(proof).first(proof.size() - 1)));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto changed = proof;
        changed[i][7] ^= 1;
        EXPECT_FALSE(consistent(slow.head(from), slow.head(to), changed));
      }
    }
  EXPECT_TRUE(consistent(slow.head(0), slow.head(9), {}));
  EXPECT_FALSE(consistent(slow.head(9), other.head(9), {})) << "equal sizes with two roots";
}

TEST(TreeHash, ProofsOfWhatCantBeAreABrokenInvariant) {
  const SlowTree slow(leaf_hashes(4));
  EXPECT_THROW(inclusion_proof(4, 4, slow.subtrees()), std::logic_error);
  EXPECT_THROW(consistency_proof(0, 4, slow.subtrees()), std::logic_error);
  EXPECT_THROW(consistency_proof(5, 4, slow.subtrees()), std::logic_error);
  EXPECT_THROW(root_of_perfect(std::span(slow.leaves()).first(3)), std::logic_error);
}

}  // namespace
}  // namespace countersign::projections
