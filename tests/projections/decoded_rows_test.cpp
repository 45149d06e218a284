// Hot rows in RAM: what has been overwritten is never seen again, and there is a bound.

#include "projections/decoded_rows.h"

#include <gtest/gtest.h>

#include "projections/views.h"
#include "tests/support/scratch_directory.h"

namespace countersign::projections {
namespace {

DecodedRows::Row row(int number) {
  return std::make_shared<const int>(number);
}
int number(const DecodedRows::Row& row) {
  return row ? *static_cast<const int*>(row.get()) : -1;
}

TEST(DecodedRows, KeepWhatAReaderFound) {
  DecodedRows rows(1 << 20);
  const auto missed = rows.find("key");
  EXPECT_EQ(number(missed.row), -1);
  rows.offer("key", row(1), 10, missed.epoch);
  EXPECT_EQ(number(rows.find("key").row), 1);
}

TEST(DecodedRows, RefuseWhatWasReadBeforeALanding) {
  DecodedRows rows(1 << 20);
  const auto missed = rows.find("key");
  rows.landed("key", nullptr, 0);
  rows.offer("key", row(1), 10, missed.epoch);
  EXPECT_EQ(number(rows.find("key").row), -1);
}

TEST(DecodedRows, ReplaceOrForgetWhatLands) {
  DecodedRows rows(1 << 20);
  rows.landed("never read", row(1), 10);
  EXPECT_EQ(number(rows.find("never read").row), -1);
  rows.offer("key", row(1), 10, rows.find("key").epoch);
  rows.landed("key", row(2), 10);
  EXPECT_EQ(number(rows.find("key").row), 2);
  rows.landed("key", nullptr, 0);
  EXPECT_EQ(number(rows.find("key").row), -1);
}

TEST(DecodedRows, ForgetTheOldestAndNeverBringBackAFormerValue) {
  DecodedRows rows(64 << 10);
  const auto key = [](int i) { return "key" + std::to_string(i); };
  for (int i = 0; i < 2'000; ++i) {
    rows.offer(key(i), row(i), 100, rows.find(key(i)).epoch);
    rows.offer("hot", row(0), 100, rows.find("hot").epoch);
    rows.landed("hot", row(i), 100);
    EXPECT_EQ(number(rows.find("hot").row), i);
    if (i % 7 == 0) {
      rows.landed("hot", nullptr, 0);
      EXPECT_EQ(number(rows.find("hot").row), -1);
    }
  }
  int kept = 0;
  for (int i = 0; i < 2'000; ++i) kept += rows.find(key(i)).row != nullptr;
  EXPECT_GT(kept, 20);
  EXPECT_LT(kept, 600);
}

TEST(Views, ShowWhatLandedAlsoWhereTheyHadItDecoded) {
  testing::ScratchDirectory scratch;
  Views views({.directory = scratch / "views"});
  const domain::Digest digest{1, 2, 3};
  const domain::AccountId account{domain::uuid_from("aaaaaaaaaaaaaaaa")};
  const ViewState state(views, {});
  for (const char* id : {"bbbbbbbbbbbbbbbb", "cccccccccccccccc"}) {
    Overlay overlay;
    overlay.put(digest_key(digest), encode(domain::DigestEntry{account, {}, domain::uuid_from(id), {}}));
    views.land(overlay);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(state.find(digest)->id.view(), id);
  }
  Overlay overlay;
  overlay.erase(digest_key(digest));
  views.land(overlay);
  EXPECT_FALSE(state.find(digest));
}

}  // namespace
}  // namespace countersign::projections
