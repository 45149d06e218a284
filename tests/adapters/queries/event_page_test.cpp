#include "adapters/queries/event_page.h"

#include <gtest/gtest.h>

#include <vector>

namespace countersign::queries {
namespace {

/// Walks down from `from` over events of which every `nth` matches; what was taken.
std::vector<std::uint64_t> walk(EventPage& page, std::uint64_t from, std::uint64_t nth) {
  std::vector<std::uint64_t> taken;
  for (auto sequence = from; sequence > 0; --sequence) {
    const auto verdict = page.look(sequence, sequence % nth == 0);
    if (verdict == EventPage::Verdict::stop) break;
    if (verdict == EventPage::Verdict::take) taken.push_back(sequence);
  }
  return taken;
}

TEST(EventPage, EndsAtItsLimitBeforeTheNextThatMatches) {
  EventPage page(2, 1000);
  EXPECT_EQ(walk(page, 100, 10), (std::vector<std::uint64_t>{100, 90}));
  EXPECT_TRUE(page.has_more());
  EXPECT_EQ(page.last_sequence(), 81u);
}

TEST(EventPage, HasNothingMoreWhenTheWalkEnds) {
  EventPage page(10, 1000);
  EXPECT_EQ(walk(page, 100, 10).size(), 10u);
  EXPECT_FALSE(page.has_more());
}

TEST(EventPage, IsShortWhenTooMuchWasLookedAtAndGoesOnBehindIt) {
  std::vector<std::uint64_t> all;
  std::uint64_t from = 1000;
  int pages = 0;
  for (bool more = true; more && pages < 100; ++pages) {
    EventPage page(5, 30);
    for (const auto sequence : walk(page, from, 100)) all.push_back(sequence);
    more = page.has_more();
    from = page.last_sequence() - 1;
  }
  EXPECT_EQ(all, (std::vector<std::uint64_t>{1000, 900, 800, 700, 600, 500, 400, 300, 200, 100}));
  EXPECT_EQ(pages, 34);
}

}  // namespace
}  // namespace countersign::queries
