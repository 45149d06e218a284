// Each bug planted in the bus or in the simulator's decider is found, and within 2,000 seeds.

#include <gtest/gtest.h>

#include "bus/planted.h"
#include "tests/sim/power_loss.h"
#include "tests/sim/simulation.h"

namespace countersign::sim {
namespace {

using bus::Bug;

struct Planted {
  Bug bug;
  const char* name;
};

class APlantedBug : public ::testing::TestWithParam<Planted> {
 protected:
  void TearDown() override { bus::planted_bug = Bug::none; }
};

TEST_P(APlantedBug, IsFound) {
  bus::planted_bug = GetParam().bug;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const Verdict verdict = simulate(seed);
    if (verdict.wrong.empty()) continue;
    RecordProperty("seed", static_cast<int>(seed));
    std::cout << "found with seed " << seed << ": " << verdict.wrong << "\n";
    return;
  }
  FAIL() << "not found";
}

class ABugPlantedInTheEmbeddedLog : public APlantedBug {};

TEST_P(ABugPlantedInTheEmbeddedLog, IsFound) {
  bus::planted_bug = GetParam().bug;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::string wrong = lose_power_again_and_again(seed);
    if (wrong.empty()) continue;
    std::cout << "found with seed " << seed << ": " << wrong << "\n";
    return;
  }
  FAIL() << "not found";
}

#define PLANTED(bug) \
  Planted {          \
    Bug::bug, #bug   \
  }
INSTANTIATE_TEST_SUITE_P(
    Within2000Seeds, APlantedBug,
    ::testing::Values(PLANTED(skip_hmac), PLANTED(ignore_term), PLANTED(ignore_nonce), PLANTED(ignore_frame_number),
                      PLANTED(ignore_previous_head), PLANTED(answer_before_durable), PLANTED(refusal_released_early),
                      PLANTED(retry_after_unknown), PLANTED(reuse_term), PLANTED(trust_any_offset),
                      PLANTED(decide_before_absorbed), PLANTED(time_goes_back), PLANTED(discard_forgets_nothing),
                      PLANTED(publish_after_answer), PLANTED(bulk_ahead), PLANTED(unbounded_queue),
                      PLANTED(unbounded_landing), PLANTED(drop_dead_work), PLANTED(release_before_drain),
                      PLANTED(refuse_unconfirmed), PLANTED(confirm_by_frame_in_flight), PLANTED(serve_before_own_claim),
                      PLANTED(fresh_before_end), PLANTED(noted_before_folded), PLANTED(durable_before_published),
                      PLANTED(durable_before_absorbed), PLANTED(seen_before_judged), PLANTED(view_without_position),
                      PLANTED(frame_before_key)),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(Within200Seeds, ABugPlantedInTheEmbeddedLog,
                         ::testing::Values(PLANTED(no_sync), PLANTED(anchor_before_frame), PLANTED(no_anchor_sync),
                                           PLANTED(answer_before_anchor)),
                         [](const auto& planted) { return planted.param.name; });

TEST(WithoutAPlantedBug, TheSameBuildFindsNothing) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) ASSERT_EQ(simulate(seed).wrong, "") << "seed " << seed;
}

}  // namespace
}  // namespace countersign::sim
