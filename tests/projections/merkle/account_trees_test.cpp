// Trees of accounts as of the events in the views: leaf by leaf the events', whatever tiles were there before.

#include "projections/merkle/account_trees.h"

#include <gtest/gtest.h>

#include "tests/support/followed_views.h"
#include "tests/support/scratch_directory.h"

namespace countersign::projections {
namespace {

using namespace countersign::testing;

void catch_up(AccountTrees& trees, domain::AccountId account) {
  while (!trees.catch_up(account)) {
  }
}

TEST(AccountTrees, FollowTheEventsInTheViews) {
  ScratchDirectory scratch;
  FollowedViews followed(scratch / "views");
  TileStore store(scratch / "tiles");
  AccountTrees trees(followed.views, store, 100);
  const auto account = followed.ledger.account;
  EXPECT_TRUE(trees.catch_up(account));
  EXPECT_EQ(trees.head(account), (TreeHead{0, bus::sha256("")}));
  for (const std::size_t more : {1u, 9u, 300u, 1u, 250u}) {
    followed.add_people(more);
    catch_up(trees, account);
    const auto size = followed.leaves().size();
    EXPECT_EQ(trees.size(account), size);
    EXPECT_EQ(trees.head(account), followed.head(size));
  }
  EXPECT_EQ(trees.head(account, 256), followed.head(256));
  EXPECT_THROW(trees.head(account, followed.leaves().size() + 1), std::logic_error);
  EXPECT_EQ(trees.size(domain::system_account()), 0u) << "nobody has asked for it";
}

TEST(AccountTrees, TakeAChunkAtATime) {
  ScratchDirectory scratch;
  FollowedViews followed(scratch / "views");
  followed.add_people(250);
  TileStore store(scratch / "tiles");
  AccountTrees trees(followed.views, store, 100);
  EXPECT_FALSE(trees.catch_up(followed.ledger.account));
  EXPECT_EQ(trees.size(followed.ledger.account), 100u);
  EXPECT_FALSE(trees.catch_up(followed.ledger.account));
  EXPECT_TRUE(trees.catch_up(followed.ledger.account));
}

TEST(AccountTrees, GiveTheLeavesAsEntries) {
  ScratchDirectory scratch;
  FollowedViews followed(scratch / "views");
  followed.add_people(300);
  TileStore store(scratch / "tiles");
  AccountTrees trees(followed.views, store);
  const auto account = followed.ledger.account;
  catch_up(trees, account);
  const auto leaves = followed.leaves();
  std::string bundle;
  for (std::size_t i = 0; i < 256; ++i) bundle += std::string("\0\x33", 2) + leaves[i];
  EXPECT_EQ(trees.entries(account, {0, 0, 256}), bundle);
  EXPECT_EQ(trees.entries(account, {0, 0, 2}), bundle.substr(0, 2 * 53));
  EXPECT_EQ(trees.entries(account, {0, 1, 3}), entry_of(leaves[256]) + entry_of(leaves[257]) + entry_of(leaves[258]));
  EXPECT_EQ(trees.entries(account, {0, 1, 256}), std::nullopt);
  EXPECT_EQ(trees.entries(account, {0, 2, 1}), std::nullopt);
}

TEST(AccountTrees, WriteTilesAgainThatFollowFromOtherEvents) {
  ScratchDirectory scratch;
  FollowedViews followed(scratch / "views");
  followed.add_people(600);
  TileStore store(scratch / "tiles");
  const auto account = followed.ledger.account;
  std::vector<std::string> tiles;
  const auto made_again = [&] {
    AccountTrees trees(followed.views, store);
    catch_up(trees, account);
    EXPECT_EQ(trees.head(account), followed.head(followed.leaves().size()));
    return std::vector{*store.get(account, 0, 0), *store.get(account, 0, 1), *trees.tile(account, {1, 0, 2})};
  };
  const auto before = made_again();
  EXPECT_EQ(made_again(), before);
  store.put(account, 0, 0, std::string(8192, 'x'));
  EXPECT_EQ(made_again(), before) << "a changed tile";
  TileStore fresh(scratch / "fresh");
  AccountTrees trees(followed.views, fresh);
  catch_up(trees, account);
  EXPECT_EQ(fresh.get(account, 0, 1), store.get(account, 0, 1)) << "byte for byte";
}

}  // namespace
}  // namespace countersign::projections
