#include <gtest/gtest.h>

#include "tests/sim/power_loss.h"
#include "tests/sim/simulation.h"

namespace countersign::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t worlds = 2'000;  // each takes six times as long
#else
constexpr std::uint64_t worlds = 20'000;
#endif

TEST(TheSimulator, FindsNothingWrongInThousandsOfWorlds) {
  Verdict sum;
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    const Verdict verdict = simulate(seed);
    ASSERT_EQ(verdict.wrong, "") << "replay it with: countersign-sim --seed " << seed;
    sum.frames += verdict.frames;
    sum.resolves += verdict.resolves;
    sum.ignored += verdict.ignored;
    sum.starts += verdict.starts;
  }
  // A world in which nothing happens proves nothing.
  EXPECT_GT(sum.frames, worlds * 5);
  EXPECT_GT(sum.resolves, worlds / 4);
  EXPECT_GT(sum.ignored, worlds);
  EXPECT_GT(sum.starts, worlds * 2);
}

TEST(TheSimulator, RunsTheSameWorldFromTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Verdict first = simulate(seed);
    const Verdict second = simulate(seed);
    EXPECT_EQ(first.frames, second.frames);
    EXPECT_EQ(first.ignored, second.ignored);
    EXPECT_EQ(first.acknowledged, second.acknowledged);
  }
}

TEST(TheEmbeddedLog, KeepsItsWordThroughLossesOfPower) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) ASSERT_EQ(lose_power_again_and_again(seed), "") << "seed " << seed;
}

}  // namespace
}  // namespace countersign::sim
