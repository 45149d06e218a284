// The sequencer over the Kafka log, while its broker dies: what was answered stays, what was not is answered later.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "bus/running_partition.h"
#include "tests/support/kafka_brokers.h"
#include "tests/support/partition_environment.h"

namespace countersign::bus {
namespace {

using namespace std::chrono_literals;
using testing::Command;
using testing::RegisterWork;

class ASequencerOnKafka : public testing::WithKafka {
 protected:
  struct Process {
    explicit Process(const KafkaOptions& options)
        : log(std::make_shared<KafkaReader>(options), 0), decider(views, keys) {
      PartitionLimits limits;
      limits.sequencer.give_up_after = 60s;  // the broker comes back before
      limits.sequencer.confirm_unwritten = true;
      limits.claim_again_after = limits.look_every = 60s;  // who has lost does nothing by himself
      partition.emplace(testing::environment_of(log, decider, views), limits);
      EXPECT_TRUE(partition->own());
    }

    testing::Views views;
    std::set<std::string> keys;
    KafkaLog log;
    testing::RegistersDecider decider;
    std::optional<RunningPartition> partition;
  };

  KafkaOptions options() const {
    KafkaOptions options = testing::kafka_options(topic);
    options.delivered_within = 2s;
    options.answer_within = 1s;
    return options;
  }

  static Settlement set(Process& process, const std::string& id) {
    std::promise<Settlement> answer;
    std::unique_ptr<Work> work = std::make_unique<RegisterWork>(
        Command{Command::Kind::set, id, "r:" + id, "1", {}},
        [&answer](const RegisterWork&, const Settlement& settlement) { answer.set_value(settlement); });
    if (const auto refused = (*process.partition)->submit(work)) return {refused, {}};
    return answer.get_future().get();
  }

  const std::string topic = testing::new_topic();
};

TEST_F(ASequencerOnKafka, AnswersEveryCommandOnceThoughItsBrokerDies) {
  testing::Rows rows;
  std::vector<std::string> answered;
  {
    Process process(options());
    std::mutex mutex;
    std::atomic<int> begun = 0;
    std::vector<std::thread> clients;
    for (int client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        for (int i = 0; i < 100; ++i) {
          const std::string id = std::to_string(client) + "." + std::to_string(i);
          ++begun;
          const Settlement settlement = set(process, id);
          const std::lock_guard lock(mutex);
          if (!settlement.error) answered.push_back(id);
        }
      });
    }
    while (begun < 40) std::this_thread::sleep_for(1ms);
    tell("kill");
    tell("start");
    for (auto& client : clients) client.join();
    EXPECT_EQ(answered.size(), 400u);
    process.partition->stop("nobody");
    rows = process.views.rows;
  }
  Process again(options());
  EXPECT_EQ(again.views.rows, rows) << "the log tells the same";
  for (const std::string& id : answered) EXPECT_EQ(again.views.rows.count("r:" + id), 1u) << id;
}

TEST_F(ASequencerOnKafka, StepsDownWhenAnotherNodeClaims) {
  Process first(options());
  EXPECT_FALSE(set(first, "a").error);
  Process second(options());
  EXPECT_FALSE(set(second, "b").error);
  EXPECT_EQ(second.decider.visible("r:a"), "1");
  EXPECT_TRUE(set(first, "c").error) << "its frame follows a claim that isn't its own";
  EXPECT_FALSE(set(second, "d").error);
  second.partition->stop();
  Process third(options());
  EXPECT_EQ(third.views.rows.count("r:c"), 0u);
  EXPECT_EQ(third.views.rows.count("r:d"), 1u);
}

}  // namespace
}  // namespace countersign::bus
