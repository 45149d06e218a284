// Whether a node trusts its machine's clock: a partition over a log that has a clock of its own, as Kafka's has.

#include <gtest/gtest.h>

#include "bus/memory_log.h"
#include "tests/support/manual_executor.h"
#include "tests/support/partition_environment.h"

namespace countersign::bus {
namespace {

using testing::Command;
using testing::RegisterWork;
using namespace std::chrono_literals;
using Settled = std::shared_ptr<std::optional<Settlement>>;

constexpr std::int64_t hour_ms = 3'600'000;

class AClock : public ::testing::Test {
 protected:
  AClock() {
    log.set_clock([this] { return TimeMs{true_ms() + broker_off_ms}; });
    auto env = testing::environment_of(log, decider, views);
    env.clock = [this] { return TimeMs{true_ms() + off_ms}; };
    env.steady_clock = [this] { return std::chrono::steady_clock::time_point(executor->now()); };
    env.random = [this](std::span<std::uint8_t> bytes) { bytes[0] = ++drawn; };
    env.folding = env.steps = executor;
    partition = std::make_unique<Partition>(std::move(env), limits);
  }

  ~AClock() override {
    partition.reset();
    executor->run();  // what it had is destroyed by its executor
  }

  std::int64_t true_ms() const { return 1'700'000'000'000 + executor->now().count(); }

  void own() {
    partition->start();
    partition->own(true);
    executor->advance(2s);
  }

  Settled submit(const std::string& id, boost::system::error_code expected = {}) {
    auto settled = std::make_shared<std::optional<Settlement>>();
    std::unique_ptr<Work> work =
        std::make_unique<RegisterWork>(Command{Command::Kind::set, id, "r:" + id, "1", {}},
                                       [settled](const RegisterWork&, const Settlement& how) { *settled = how; });
    EXPECT_EQ(partition->submit(work), expected);
    return settled;
  }

  std::shared_ptr<testing::ManualExecutor> executor = std::make_shared<testing::ManualExecutor>();
  std::int64_t off_ms = 0, broker_off_ms = 0;
  std::uint8_t drawn = 0;
  MemoryLog log;
  testing::Views views;
  std::set<std::string> keys;
  testing::RegistersDecider decider{views, keys};
  PartitionLimits limits;
  std::unique_ptr<Partition> partition;
};

TEST_F(AClock, ThatIsAnHourAheadDoesNotOwn) {
  off_ms = hour_ms;
  own();
  EXPECT_FALSE(partition->owns());
  EXPECT_TRUE(partition->clock_is_distrusted());
  EXPECT_TRUE(partition->owner().released) << "the others are told at once";
  EXPECT_EQ(partition->status().trouble, "this machine's clock is 3600000 ms ahead of the log's; set it");
  submit("a", errc::not_owner);
}

TEST_F(AClock, ThatIsAnHourBehindDoesNotOwn) {
  off_ms = -hour_ms;
  own();
  EXPECT_FALSE(partition->owns());
  EXPECT_TRUE(partition->owner().released);
  EXPECT_EQ(partition->status().wrong_clock, "this machine's clock is 3600000 ms behind the log's; set it");
}

TEST_F(AClock, ThatIsNearlyRightOwns) {
  off_ms = 4'999;
  own();
  EXPECT_TRUE(partition->owns());
  EXPECT_FALSE(partition->clock_is_distrusted());
}

TEST_F(AClock, ThatIsALittleBehindOwns) {
  off_ms = -4'999;
  own();
  EXPECT_TRUE(partition->owns());
  EXPECT_FALSE(partition->clock_is_distrusted());
}

TEST_F(AClock, IsTriedAgainOnceItMayHaveBeenSet) {
  off_ms = hour_ms;
  own();
  const auto end = log.end().value();
  off_ms = 0;
  executor->advance(50s);
  EXPECT_FALSE(partition->owns());
  EXPECT_EQ(log.end().value(), end) << "a claim takes the partition from whoever owns it: not again and again";
  executor->advance(10s);
  EXPECT_TRUE(partition->owns());
  EXPECT_TRUE(partition->status().trouble.empty());
  const auto settled = submit("a");
  executor->advance(100ms);
  EXPECT_FALSE((**settled).error);
}

TEST_F(AClock, ThatIsSetWhileItOwnsDecidesNothingMore) {
  own();
  for (const std::int64_t jump : {-hour_ms, hour_ms}) {
    ASSERT_TRUE(partition->owns());
    submit("before " + std::to_string(jump));
    executor->advance(100ms);
    const auto frame = partition->durable_frame();
    off_ms = jump;
    const auto settled = submit("a");
    executor->advance(100ms);
    EXPECT_EQ((**settled).error, errc::not_owner);
    EXPECT_EQ(value(partition->durable_frame()), value(frame) + 1) << "the release, and no frame";
    EXPECT_FALSE(partition->owns());
    EXPECT_EQ(partition->status().wrong_clock, "this machine's clock was set by " + std::to_string(jump) + " ms");
    off_ms = 0;
    executor->advance(61s);
  }
}

TEST_F(AClock, ThatTheLogsOwnLeavesBehindEndsWithTheFrameThatShowsIt) {
  own();
  broker_off_ms = hour_ms;
  const auto settled = submit("a");
  executor->advance(100ms);
  EXPECT_FALSE((**settled).error) << "it is durable and accepted";
  EXPECT_FALSE(partition->owns());
  EXPECT_EQ(partition->status().wrong_clock, "this machine's clock is 3600000 ms behind the log's; set it");
}

TEST_F(AClock, OfALogOnTheSameMachineIsTheOnlyOne) {
  log.set_clock({});
  off_ms = hour_ms;
  own();
  EXPECT_TRUE(partition->owns());
}

}  // namespace
}  // namespace countersign::bus
