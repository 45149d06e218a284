// A partition with its threads over the embedded log, as countersignd runs it.

#include "bus/running_partition.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>

#include "bus/embedded_log.h"
#include "bus/memory_log.h"
#include "tests/support/partition_environment.h"
#include "tests/support/scratch_directory.h"

namespace countersign::bus {
namespace {

using testing::Command;
using testing::RegisterWork;

class ARunningPartition : public ::testing::Test {
 protected:
  /// Everything that a process has: gone and made again by restart().
  struct Process {
    explicit Process(ARunningPartition& test) : log(test.options()), decider(views, keys) {
      partition.emplace(testing::environment_of(log, decider, views), PartitionLimits{});
      EXPECT_TRUE(partition->own());
    }

    testing::Views views;
    std::set<std::string> keys;
    EmbeddedLog log;
    testing::RegistersDecider decider;
    std::optional<RunningPartition> partition;
  };

  EmbeddedLogOptions options() const {
    EmbeddedLogOptions options;
    options.directory = scratch / "log";
    options.identity = testing::test_identity();
    return options;
  }

  /// Waits for the answer.
  static std::pair<testing::Outcome, Settlement> ask(Process& process, Command command) {
    std::promise<std::pair<testing::Outcome, Settlement>> answer;
    std::unique_ptr<Work> work = std::make_unique<RegisterWork>(
        std::move(command), [&answer](const RegisterWork& done, const Settlement& settlement) {
          answer.set_value({done.outcome, settlement});
        });
    if (const auto refused = (*process.partition)->submit(work)) return {{}, {refused, {}}};
    return answer.get_future().get();
  }

  testing::ScratchDirectory scratch;
};

TEST_F(ARunningPartition, RedeemsACodeOnceHoweverManyAskAtOnce) {
  Process process(*this);
  ask(process, {Command::Kind::issue, "issue", "c:1", "", {}});
  std::atomic<int> redeemed = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&process, &redeemed, client] {
      const auto [outcome, settlement] =
          ask(process, {Command::Kind::redeem, "client" + std::to_string(client), "c:1", "", {}});
      if (outcome.wrote && !settlement.error) ++redeemed;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(redeemed, 1);
}

TEST_F(ARunningPartition, ServesManyClientsAndShowsEachItsEffect) {
  Process process(*this);
  std::atomic<int> unseen = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&process, &unseen, client] {
      for (int i = 0; i < 200; ++i) {
        const std::string id = std::to_string(client) + "." + std::to_string(i);
        const auto [outcome, settlement] = ask(process, {Command::Kind::set, id, "r:" + id, "1", {}});
        if (settlement.error || process.decider.visible("r:" + id) != "1") ++unseen;
        (void)(*process.partition)->status();
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(unseen, 0);
  process.partition->stop("nobody");
  EXPECT_EQ((*process.partition)->status().sequencer.works, 800u);
  EXPECT_EQ((*process.partition)->status().sequencer.phase, SequencerPhase::stopped);
  EXPECT_EQ(process.views.rows.size(), 800u * 2 + 1);
}

TEST_F(ARunningPartition, CallsWhoWaitsForTheViews) {
  Process process(*this);
  const auto [outcome, settlement] = ask(process, {Command::Kind::set, "a", "r:a", "1", {}});
  std::promise<boost::system::error_code> landed;
  (*process.partition)->when_landed(settlement.frame, [&landed](boost::system::error_code error) {
    landed.set_value(error);
  });
  EXPECT_FALSE(landed.get_future().get());
  EXPECT_GE((*process.partition)->landed_frame(), settlement.frame);
}

TEST_F(ARunningPartition, GoesOnAfterARestartInANewTerm) {
  {
    Process process(*this);
    ask(process, {Command::Kind::set, "a", "r:a", "1", {}});
    process.partition->stop();
  }
  {
    Process crashed(*this);
    ask(crashed, {Command::Kind::set, "b", "r:b", "2", {}});
  }
  Process process(*this);
  EXPECT_EQ(process.views.rows["r:b"], "2");
  const auto [outcome, settlement] = ask(process, {Command::Kind::set, "a", "r:a", "3", {}});
  EXPECT_TRUE(outcome.replayed);
  EXPECT_EQ((*process.partition)->status().sequencer.term, Term{3});
}

TEST_F(ARunningPartition, RefusesAfterItStopped) {
  Process process(*this);
  ask(process, {Command::Kind::set, "a", "r:a", "1", {}});
  process.partition->stop();
  EXPECT_EQ(ask(process, {Command::Kind::set, "b", "r:b", "1", {}}).second.error, errc::not_owner);
}

/// The sequencer's last step and the partition's end meet.
TEST(APartitionThatEnds, LetsItsSequencerFinish) {
  MemoryLog log;
  for (int life = 0; life < 1'000; ++life) {
    testing::Views views;
    std::set<std::string> keys;
    testing::RegistersDecider decider(views, keys);
    auto env = testing::environment_of(log, decider, views);
    env.clock = [] { return TimeMs{1}; };
    env.random = [life](std::span<std::uint8_t> bytes) { std::memcpy(bytes.data(), &life, sizeof life); };
    RunningPartition partition(std::move(env), PartitionLimits{});
    ASSERT_TRUE(partition.own());
    partition.stop();
    EXPECT_EQ(partition->status().sequencer.phase, SequencerPhase::stopped);
  }
}

}  // namespace
}  // namespace countersign::bus
