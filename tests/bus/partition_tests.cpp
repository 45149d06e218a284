// A partition whose steps and folding go on when the test says so.

#include "bus/partition.h"

#include <gtest/gtest.h>

#include "tests/bus/sequencers.h"
#include "tests/support/partition_environment.h"

namespace countersign::bus {
namespace {

using testing::Command;
using testing::RegisterWork;

class APartition : public ::testing::Test {
 protected:
  /// A sequencer on its way out is destroyed by a step.
  ~APartition() override {
    folding->run();
    steps->run();
  }
  PartitionEnvironment environment(Decider& decides) {
    auto env = testing::environment_of(log, decides, registers, views);
    env.folding = folding;
    env.steps = steps;
    return env;
  }
  void start(PartitionEnvironment env) {
    partition.emplace(std::move(env), PartitionLimits{});
    partition->start();
    folding->run();
  }
  void own() {
    partition->own(true);
    folding->advance(PartitionLimits{}.pause);
    steps->run();
    log.succeed();
    steps->run();
    ASSERT_TRUE(partition->owns());
  }
  std::unique_ptr<Work> a_command() {
    return std::make_unique<RegisterWork>(
        Command{Command::Kind::set, "id" + std::to_string(++commands), "r:a", "1", {}},
        [this](const RegisterWork&, const Settlement& settlement) { settled.push_back(settlement.error); });
  }
  /// Written, read back and judged; what was published isn't in the views yet.
  void decide() {
    auto work = a_command();
    ASSERT_FALSE(partition->submit(work));
    steps->run();
    log.succeed();
    steps->run();
  }
  static Claim a_claim(std::uint64_t term) { return {Term{term}, {}, TimeMs{1'000}, "other", "address"}; }

  int commands = 0;
  std::vector<boost::system::error_code> settled;
  testing::Views views;
  std::set<std::string> keys;
  testing::RegistersDecider registers{views, keys};
  HeldLog log;
  FrameCodec codec{testing::test_identity(), testing::test_log_key};
  std::shared_ptr<testing::ManualExecutor> folding = std::make_shared<testing::ManualExecutor>();
  std::shared_ptr<testing::ManualExecutor> steps = std::make_shared<testing::ManualExecutor>();
  std::optional<Partition> partition;
};

TEST_F(APartition, FailsOverAFrameThatCantBeFolded) {
  const auto claim = codec.encode(a_claim(1));
  log.write(claim);
  log.write(codec.encode(Frame{Term{1}, {}, FrameNumber{1}, head_after({}, claim), TimeMs{1'000}, {"event"}, {}}));
  auto env = environment(registers);
  env.fold = [](const AcceptedRecord&) { throw std::runtime_error("an event of the future"); };
  start(std::move(env));
  EXPECT_EQ(partition->status().role, PartitionRole::failed);
  EXPECT_EQ(partition->status().trouble, "an event of the future");
  auto work = a_command();
  EXPECT_EQ(partition->submit(work), errc::unavailable);
}

/// It has lost its term with a frame on the way into the views, which then don't take it.
TEST_F(APartition, FailsOverAFrameThatCantLandThoughItsSequencerEndedForAnotherReason) {
  ViewsThatBreak broken(registers);
  start(environment(broken));
  own();
  decide();
  ASSERT_EQ(settled, std::vector{boost::system::error_code{}});
  log.write(codec.encode(a_claim(2)));
  decide();
  folding->run();
  ASSERT_FALSE(partition->owns());
  EXPECT_EQ(partition->status().sequencer.phase, SequencerPhase::not_owner);
  EXPECT_EQ(partition->status().role, PartitionRole::failed);
  EXPECT_EQ(partition->status().trouble, "the views can't take a frame");
}

}  // namespace
}  // namespace countersign::bus
