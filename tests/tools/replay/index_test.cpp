// Stored segments of the event index, held against those that the log's events make.

#include <gtest/gtest.h>

#include "projections/index/event_index.h"
#include "tests/support/installation.h"
#include "tools/replay/verify.h"

namespace countersign::replay {
namespace {

using projections::SegmentStore;
using testing::Installation;

constexpr std::size_t segment_events = 4;

void build_index(const Installation& there) {
  const projections::Views views({.directory = (there.directory() / "views").string(), .read_only = true});
  SegmentStore store((there.directory() / "index").string());
  projections::EventIndex index(views, store, {.segment_events = segment_events});
  while (index.follow())
    ;
}

Verified verified(const Installation& there) {
  return verify({there.directory(), {}, false}, {}, {.index_segment_events = segment_events});
}

TEST(IndexSegments, ThatTheEventsMakeAreEqual) {
  const Installation there(Installation::Past::eventful);
  EXPECT_EQ(verified(there).index_segments, 0u) << "there is no index";
  build_index(there);
  const auto result = verified(there);
  EXPECT_FALSE(result.wrong) << *result.wrong;
  EXPECT_TRUE(result.unchecked.empty());
  EXPECT_GE(result.index_segments, 4u);
}

TEST(IndexSegments, ThatDifferAreNamed) {
  const Installation there(Installation::Past::eventful);
  build_index(there);
  {
    SegmentStore store((there.directory() / "index").string());
    store.put(there.account, 1, *store.get(there.account, 0));
  }
  const auto result = verified(there);
  ASSERT_TRUE(result.wrong);
  EXPECT_NE(result.wrong->find("segment 1 of the event index of " + there.account.text()), std::string::npos)
      << *result.wrong;
}

TEST(IndexSegments, BeyondTheLogsEndAreNamed) {
  const Installation there(Installation::Past::eventful);
  build_index(there);
  {
    SegmentStore store((there.directory() / "index").string());
    store.put(there.account, 40, "");
  }
  const auto result = verified(there);
  ASSERT_TRUE(result.wrong);
  EXPECT_NE(result.wrong->find("41 segments"), std::string::npos) << *result.wrong;
}

}  // namespace
}  // namespace countersign::replay
