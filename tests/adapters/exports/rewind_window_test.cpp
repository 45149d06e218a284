// Where a connection that acknowledges nothing begins again, and how long is waited before it.

#include "adapters/exports/rewind_window.h"

#include <gtest/gtest.h>

#include "adapters/exports/back_off.h"

namespace countersign::exports {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
const RewindWindow::Clock::time_point epoch{};

TEST(RewindWindow, GoesBackThirtySecondsBeforeTheLastHandOver) {
  RewindWindow window;
  window.begin(1'000);
  for (int second = 1; second <= 60; ++second) window.sent(1'000 + 100 * second, epoch + seconds(second));
  EXPECT_EQ(window.back_to(), 1'000u + 100 * 29) << "what was handed over from the thirtieth second on";
}

TEST(RewindWindow, GoesBackAHundredEventsAtLeastHoweverLongAgo) {
  RewindWindow window;
  window.begin(0);
  window.sent(500, epoch);
  window.sent(501, epoch + seconds(3'600));
  EXPECT_EQ(window.back_to(), 401u);
}

TEST(RewindWindow, GoesBackTenThousandEventsAtMost) {
  RewindWindow window;
  window.begin(0);
  window.sent(50'000, epoch);
  EXPECT_EQ(window.back_to(), 40'000u);
}

TEST(RewindWindow, OfANewConnectionBeginsWithIt) {
  RewindWindow window;
  window.begin(0);
  window.sent(5'000, epoch);
  window.begin(4'900);
  EXPECT_EQ(window.back_to(), 4'800u);
  window.sent(5'000, epoch + seconds(1));
  EXPECT_EQ(window.back_to(), 4'900u);
}

TEST(RewindWindow, OfAShortHistoryBeginsWithIt) {
  RewindWindow window;
  window.begin(0);
  window.sent(7, epoch);
  EXPECT_EQ(window.back_to(), 0u);
}

TEST(RewindWindow, MomentsThatLieTogetherReachAsFarBack) {
  RewindWindow window;
  window.begin(0);
  for (int i = 1; i <= 60'000; ++i) window.sent(static_cast<std::uint64_t>(i), epoch + milliseconds(i));
  EXPECT_LE(window.back_to(), 50'000u);
  EXPECT_EQ(window.back_to(), 50'000u);
}

TEST(BackOff, DoublesUpToItsLimitAndIsAtRandom) {
  BackOff back_off({.first = milliseconds(2'000), .longest = milliseconds(300'000)});
  std::minstd_rand random(1);
  auto whole = milliseconds(2'000);
  for (int i = 0; i < 20; ++i) {
    const auto pause = back_off.failed({}, random);
    EXPECT_GE(pause, whole / 2);
    EXPECT_LE(pause, whole);
    whole = std::min(whole * 2, milliseconds(300'000));
  }
  back_off.reset();
  EXPECT_LE(back_off.failed({}, random), milliseconds(2'000));
}

TEST(BackOff, WaitsAsLongAsTheReceiverAsksWithinReason) {
  BackOff back_off({});
  std::minstd_rand random(1);
  EXPECT_EQ(back_off.failed(seconds(120), random), seconds(120));
  EXPECT_GE(back_off.failed(seconds(0), random), seconds(2));
  EXPECT_EQ(back_off.failed(seconds(86'400), random), seconds(3'600));
}

}  // namespace
}  // namespace countersign::exports
