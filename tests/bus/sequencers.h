#pragma once
// A sequencer whose steps, landings and log go on when the test says so.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>

#include "bus/memory_log.h"
#include "bus/sequencer.h"
#include "tests/support/log_calls.h"
#include "tests/support/manual_executor.h"
#include "tests/support/registers_decider.h"

namespace countersign::bus {

/// A log whose reports come when the test says so.
class HeldLog final : public PartitionLog {
 public:
  struct Held {
    std::string record;
    AppendHandler handler;
  };
  void append(std::string record, AppendHandler handler) override {
    held.push_back({std::move(record), std::move(handler)});
  }
  boost::system::result<std::vector<LogRecord>> read(Offset from, std::size_t max_bytes) override {
    return partition.read(from, max_bytes);
  }
  boost::system::result<Offset> end() override { return partition.end(); }

  Offset write(const std::string& bytes) {
    const Offset offset = partition.write(bytes);
    partition.sync();
    return offset;
  }
  /// The oldest append becomes durable.
  void succeed() {
    const Held next = take();
    next.handler({AppendOutcome::durable, write(next.record), {}});
  }
  void fail(AppendOutcome outcome, errc reason) { take().handler({outcome, {}, reason}); }
  Held take() {
    Held next = std::move(held.front());
    held.pop_front();
    return next;
  }

  std::deque<Held> held;
  MemoryPartition partition;
};

class ViewsThatBreak final : public Decider {
 public:
  explicit ViewsThatBreak(testing::RegistersDecider& decider) : decider_(decider) {}
  std::shared_ptr<Batch> begin(TimeMs time) override { return decider_.begin(time); }
  void discard_unpublished() override { decider_.discard_unpublished(); }
  void publish(const std::shared_ptr<Batch>& b, const AcceptanceState& after) override { decider_.publish(b, after); }
  void land(const std::shared_ptr<Batch>&) override { throw std::runtime_error("no room"); }

 private:
  testing::RegistersDecider& decider_;
};

struct Result {
  std::optional<Settlement> settlement;
  testing::Outcome outcome;
  int times = 0;
};

class Sequencers : public ::testing::Test {
 protected:
  void SetUp() override { make({}); }

  void make(const AcceptanceState& recovered) {
    SequencerEnvironment env{
        log,
        decider,
        testing::test_identity(),
        testing::test_log_key,
        "node",
        "address",
        [this] { return now; },
        [this](std::span<std::uint8_t> bytes) { bytes[0] = ++drawn; },
        executor,
        landing,
        [this](const AcceptedRecord& record) { decider.absorb(record), decider.absorbed(record.after); },
        nullptr,
        [this](SequencerPhase, const std::string& text) { last_text = text; }};
    sequencer = std::make_unique<Sequencer>(std::move(env), limits, recovered);
  }

  void serve() {
    sequencer->start();
    run();
    log.succeed();
    run();
    ASSERT_EQ(sequencer->phase(), SequencerPhase::serving);
  }

  void run() {
    executor->run();
    landing->run();
    executor->run();
  }

  std::shared_ptr<Result> submit(testing::Command command, boost::system::error_code expected = {}) {
    auto result = std::make_shared<Result>();
    std::unique_ptr<Work> work = std::make_unique<testing::RegisterWork>(
        std::move(command), [result](const testing::RegisterWork& done, const Settlement& settlement) {
          result->settlement = settlement;
          result->outcome = done.outcome;
          ++result->times;
        });
    EXPECT_EQ(sequencer->submit(work), expected);
    EXPECT_EQ(work != nullptr, static_cast<bool>(expected));
    return result;
  }
  std::shared_ptr<Result> set(const std::string& id, const std::string& value = "1", Lane lane = Lane::interactive) {
    return submit({testing::Command::Kind::set, id, "r:a", value, lane});
  }
  std::shared_ptr<Result> look(const std::string& id) {
    return submit({testing::Command::Kind::look, id, "r:a", "", {}});
  }

  static bool answered(const std::shared_ptr<Result>& result) {
    return result->settlement && !result->settlement->error && result->times == 1;
  }

  TimeMs now{1'000'000};
  std::uint8_t drawn = 0;
  std::string last_text;
  HeldLog log;
  testing::Views views;
  std::set<std::string> keys;
  testing::RegistersDecider decider{views, keys};
  std::shared_ptr<testing::ManualExecutor> executor = std::make_shared<testing::ManualExecutor>();
  std::shared_ptr<testing::ManualExecutor> landing = std::make_shared<testing::ManualExecutor>();
  SequencerLimits limits;
  std::unique_ptr<Sequencer> sequencer;
};

}  // namespace countersign::bus
