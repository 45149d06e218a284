// A partition on Kafka: redemptions a second beside librdkafka, which writes the same frames alone, and beside the
// embedded log; how long one takes at half of that.

#include <unistd.h>

#include "bus/kafka_log.h"
#include "bus/kafka_topics.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/redemptions.h"

namespace countersign::bench {
namespace {

/// An empty topic of its own, with one partition and the settings that a log has.
std::unique_ptr<bus::KafkaLog> new_log(const Plan& plan) {
  static int number = 0;
  bus::KafkaOptions options;
  options.brokers = plan.kafka_brokers;
  const auto prefix = "countersign-bench-" + std::to_string(getpid()) + "-" + std::to_string(++number);
  const auto brokers = 1 + std::ranges::count(plan.kafka_brokers, ',');
  const auto replication = static_cast<int>(std::min<std::ptrdiff_t>(3, brokers));
  auto topics = bus::topics_of(prefix, 1, replication);
  topics.resize(1);
  options.topic = topics.front().name;
  try {
    if (const auto findings = bus::create_topics(options, topics); !findings.empty())
      throw std::runtime_error(bus::describe(findings.front()));
    return std::make_unique<bus::KafkaLog>(std::make_shared<bus::KafkaReader>(options), 0);
  } catch (const bus::KafkaRefused& refused) {
    throw CannotRun{refused.what()};
  }
}

}  // namespace

std::vector<Result> kafka(const Plan& plan) {
  if (plan.kafka_brokers.empty()) throw CannotRun{"--kafka-brokers names no brokers; ./dev bench kafka starts some"};
  const Scratch scratch(plan);
  Stage on_kafka(scratch.path() / "kafka", batch, new_log(plan));
  Stage embedded(scratch.path() / "embedded", batch);
  const auto alone = new_log(plan);
  const std::size_t count = plan.quick ? 5'000 : 40'000;
  for (auto* stage : {&on_kafka, &embedded}) commands_a_second(*stage, stage->add_users(2'000));
  std::vector<std::string> frames;
  std::vector<double> tops;
  const auto ours = [&] {
    auto redeems = on_kafka.add_users(count);
    const auto from = on_kafka.log_end();
    tops.push_back(commands_a_second(on_kafka, std::move(redeems)));
    frames = on_kafka.records(from, on_kafka.log_end());
    return tops.back();
  };
  // As many frames under way as the sequencer has.
  const auto under_way = static_cast<std::ptrdiff_t>(bus::SequencerLimits{}.frames_in_flight);
  auto beside_librdkafka = alternate(plan, "kafka_vs_librdkafka", "commands/s", ours, [&] {
    return static_cast<double>(count) / write_seconds(*alone, std::move(frames), under_way);
  });
  beside_librdkafka.goal = 0.5;
  auto beside_embedded = alternate(plan, "kafka_vs_embedded", "commands/s", ours,
                                   [&] { return commands_a_second(embedded, embedded.add_users(count)); });

  const double rate = median(tops) / 2;
  say("open loop at " + std::to_string(rate) + " redemptions/s");
  auto latencies = open_loop(on_kafka, on_kafka.add_users(static_cast<std::size_t>(rate * (plan.quick ? 1 : 5))), rate);
  auto p50 = measured("kafka_p50_ms", median(latencies), "ms", std::nullopt, false);
  auto p99 = measured("kafka_p99_ms", percentile(std::move(latencies), 0.99), "ms", std::nullopt, false);
  return {beside_librdkafka, beside_embedded, p50, p99};
}

}  // namespace countersign::bench
