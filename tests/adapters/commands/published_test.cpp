// What is looked for while it moves from one row to another is found.

#include "adapters/commands/published.h"

#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace countersign::commands {
namespace {

class PublishedTest : public ::testing::Test {
 protected:
  std::shared_ptr<const projections::Overlay> rows(std::initializer_list<std::pair<const char*, const char*>> rows) {
    auto overlay = std::make_shared<projections::Overlay>();
    for (const auto& [key, row] : rows) overlay->put(key, row);
    return overlay;
  }
  std::string row(const projections::Overlays& seen, const std::string& key) {
    for (const auto& overlay : seen)
      if (const auto* found = overlay->find(key)) return std::get<std::string>(*found);
    return published.views().get(key).value_or("");
  }

  testing::ScratchDirectory scratch;
  projections::Views views{{.directory = scratch.path()}};
  Published published{views};
};

TEST_F(PublishedTest, WhatMovesMeanwhileIsFoundWhereItWent) {
  published.land(rows({{"place", "here"}, {"here", "it"}}));
  int looks = 0;
  const auto found = published.find([&](const projections::ViewState&) {
    const auto seen = published.unlanded();
    const auto place = row(seen, "place");
    if (++looks == 1) {
      const auto moved = rows({{"place", "there"}, {"here", ""}, {"there", "it"}});
      published.add(moved);
      published.land(moved);
    }
    const auto there = row(seen, place);
    return there.empty() ? std::nullopt : std::optional(there);
  });
  EXPECT_EQ(found, "it");
  EXPECT_EQ(looks, 2);
}

TEST_F(PublishedTest, WhatIsNowhereIsLookedForOnce) {
  int looks = 0;
  EXPECT_FALSE(published.find([&](const auto&) { return ++looks, std::optional<int>(); }));
  EXPECT_EQ(looks, 1);
}

TEST_F(PublishedTest, WhoAlwaysFindsNothingGivesUpThoughMoreComes) {
  int looks = 0;
  EXPECT_FALSE(published.find([&](const auto&) {
    published.add(rows({{"a", "b"}}));
    return ++looks, std::optional<int>();
  }));
  EXPECT_EQ(looks, 8);
}

}  // namespace
}  // namespace countersign::commands
