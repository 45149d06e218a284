// Tiles: their names, what is in them, and that a tree of tiles is the tree of RFC 6962.

#include <gtest/gtest.h>

#include "projections/merkle/tiled_tree.h"
#include "tests/projections/merkle/slow_tree.h"
#include "tests/support/ledger.h"
#include "tests/support/scratch_directory.h"

namespace countersign::projections {
namespace {

using testing::leaf_hashes;
using testing::ScratchDirectory;
using testing::SlowTree;

const domain::AccountId account{testing::uuid_of("account")}, other{testing::uuid_of("another account")};

TEST(Tile, HasOneName) {
  const std::vector<std::pair<std::string, Tile>> named = {{"0/000", {0, 0, 256}},
                                                           {"0/000.p/1", {0, 0, 1}},
                                                           {"1/000.p/255", {1, 0, 255}},
                                                           {"0/067", {0, 67, 256}},
                                                           {"0/999", {0, 999, 256}},
                                                           {"0/x001/000", {0, 1000, 256}},
                                                           {"2/x001/x234/067", {2, 1234067, 256}},
                                                           {"0/x001/x234/067.p/8", {0, 1234067, 8}},
                                                           {"63/000", {63, 0, 256}}};
  for (const auto& [path, tile] : named) {
    EXPECT_EQ(parse_tile(path), tile) << path;
    EXPECT_EQ(path_of(tile), path);
    if (tile.level == 0) {
      EXPECT_EQ(parse_entries(path.substr(2)), tile) << path;
    }
  }
}

TEST(Tile, WhatIsNoNameIsNone) {
  for (const auto* path : {"",
                           "0",
                           "0/",
                           "/000",
                           "000",
                           "0/0",
                           "0/00",
                           "0/0000",
                           "0/1000",
                           "0/x000/001",
                           "0/x1/000",
                           "0/x0001/000",
                           "0/x001",
                           "0/x001/",
                           "0/x001/x000",
                           "0/001/000",
                           "0/X001/000",
                           "0/-01",
                           "0/+01",
                           "0/ 01",
                           "0/000 ",
                           "0/000/",
                           "0/000.p",
                           "0/000.p/",
                           "0/000.p/0",
                           "0/000.p/256",
                           "0/000.p/00",
                           "0/000.p/01",
                           "0/000.p/1/",
                           "0/000.p/-1",
                           "0/000.p/x1",
                           "0/000.P/1",
                           "64/000",
                           "00/000",
                           "01/000",
                           "-1/000",
                           "a/000",
                           "entries/000",
                           "0/x999/x999/x999/x999/x999/x999/999",
                           "0/x999/x999/x999/x999/x999/x999/x999/x999/999"})
    EXPECT_EQ(parse_tile(path), std::nullopt) << path;
  for (const auto* path : {"", "0/000", "x000/000", "000.p/256", "00"})
    EXPECT_EQ(parse_entries(path), std::nullopt) << path;
}

TEST(TiledTree, IsTheTreeOfTheDefinitionAtEverySize) {
  constexpr std::size_t most = 1100;
  const SlowTree slow(leaf_hashes(most));
  ScratchDirectory scratch;
  TileStore store(scratch / "tiles");
  TiledTree tree(account, store);
  RunningTree running;
  std::vector<TreeHead> heads{running.head()};
  for (const auto& leaf : slow.leaves()) {
    tree.append(leaf);
    running.append(leaf);
    heads.push_back(running.head());
    EXPECT_EQ(tree.head(tree.size()), running.head());
  }
  for (const auto& head : heads) EXPECT_EQ(tree.head(head.size), head) << head.size;
  for (const std::uint64_t size : {255, 256, 257, 511, 512, 700, 1024, 1100})
    EXPECT_EQ(tree.head(size), slow.head(size));
  EXPECT_THROW(tree.head(most + 1), std::logic_error);
  const auto subtree = [&](unsigned level, std::uint64_t index) { return tree.subtree(level, index); };
  for (const std::uint64_t index : {0, 255, 256, 1023, 1099})
    EXPECT_TRUE(includes(heads.back(), index, slow.leaves()[index], inclusion_proof(index, most, subtree)));
  for (const std::uint64_t from : {1, 255, 256, 700, 1024, 1100})
    EXPECT_TRUE(consistent(heads[from], heads.back(), consistency_proof(from, most, subtree)));
}

TEST(TiledTree, HasEveryTileUpToItsSizeAndNoneBeyond) {
  constexpr std::size_t size = 700;  // two full tiles, 188 hashes, and two of the next level
  const auto leaves = leaf_hashes(size);
  ScratchDirectory scratch;
  TileStore store(scratch / "tiles");
  TiledTree tree(account, store);
  for (const auto& leaf : leaves) tree.append(leaf);
  for (std::uint64_t index = 0; index < 3; ++index)
    for (unsigned width = 1; width <= 256; ++width) {
      const auto tile = tree.tile({0, index, width});
      if (index * 256 + width > size) {
        EXPECT_FALSE(tile);
        continue;
      }
      ASSERT_TRUE(tile);
      ASSERT_EQ(tile->size(), width * 32);
      for (unsigned i = 0; i < width; ++i) EXPECT_EQ(tile->substr(i * 32, 32), bus::view(leaves[index * 256 + i]));
    }
  const auto upper = tree.tile({1, 0, 2});
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->substr(32), bus::view(root_of_perfect(std::span(leaves).subspan(256, 256))));
  for (const Tile& none : {Tile{0, 3, 1}, Tile{1, 0, 3}, Tile{1, 1, 1}, Tile{2, 0, 1}, Tile{7, 0, 1}, Tile{8, 0, 1},
                           Tile{63, 0, 1}, Tile{0, std::uint64_t{1} << 56, 256}})
    EXPECT_FALSE(tree.tile(none)) << path_of(none);
}

TEST(TiledTree, ReachesTheThirdLevel) {
  constexpr std::size_t size = 65'536 + 300;
  const auto leaves = leaf_hashes(size);
  ScratchDirectory scratch;
  TileStore store(scratch / "tiles");
  TiledTree tree(account, store);
  RunningTree running;
  for (const auto& leaf : leaves) {
    tree.append(leaf);
    running.append(leaf);
  }
  EXPECT_EQ(tree.head(size), running.head());
  EXPECT_TRUE(tree.tile({2, 0, 1}));
  EXPECT_EQ(tree.tile({1, 0, 256}), store.get(account, 1, 0));
  const auto subtree = [&](unsigned level, std::uint64_t index) { return tree.subtree(level, index); };
  EXPECT_TRUE(includes(running.head(), 40'000, leaves[40'000], inclusion_proof(40'000, size, subtree)));
}

TEST(TileStore, KeepsTilesOfEachAccountApart) {
  ScratchDirectory scratch;
  const std::string tile(8192, 't');
  {
    TileStore store(scratch / "tiles");
    store.put(account, 0, 7, tile);
    EXPECT_EQ(store.get(account, 0, 7), tile);
    EXPECT_EQ(store.get(other, 0, 7), std::nullopt);
    EXPECT_EQ(store.get(account, 1, 7), std::nullopt);
    EXPECT_EQ(store.get(account, 0, 8), std::nullopt);
  }
  EXPECT_EQ(TileStore(scratch / "tiles").get(account, 0, 7), tile);
}

TEST(TileStore, IsNotOpenedTwiceAndNamesItsDirectory) {
  ScratchDirectory scratch;
  const TileStore store(scratch / "tiles");
  try {
    const TileStore second(scratch / "tiles");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(scratch / "tiles"), std::string::npos) << error.what();
  }
}

TEST(TiledTree, SaysWhichTileIsGone) {
  ScratchDirectory scratch, empty;
  TileStore store(scratch / "tiles");
  TiledTree tree(account, store);
  for (const auto& leaf : leaf_hashes(256)) tree.append(leaf);
  store.put(account, 0, 0, "short");
  try {
    tree.tile({0, 0, 256});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("0/000"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace countersign::projections
