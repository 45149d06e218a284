// The sequencer in process: how many redemptions a second at batches of 64, and how long one takes at half of that.

#include <sys/prctl.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

#include "tools/bench/benchmarks.h"
#include "tools/bench/stage.h"

namespace countersign::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Redeems = std::vector<domain::RedeemCode>;
constexpr std::size_t batch = 64;

/// Every command answered 201, else this is not a measurement.
struct Settled {
  std::atomic<std::size_t> left, refused{0};
  std::promise<void> all;
  explicit Settled(std::size_t count) : left(count) {}
  void one(bool ok) {
    if (!ok) ++refused;
    if (--left == 0) all.set_value();
  }
  void wait() {
    all.get_future().wait();
    if (refused > 0) throw std::runtime_error(std::to_string(refused) + " redemptions were refused");
  }
};

/// Closed loop with so many under way that every batch is full.
double commands_a_second(Stage& stage, Redeems redeems) {
  constexpr std::ptrdiff_t under_way = 16 * batch;
  std::counting_semaphore<under_way> window(under_way);
  Settled settled(redeems.size());
  const auto count = static_cast<double>(redeems.size());
  std::vector<commands::Call> calls(redeems.size());
  for (auto& call : calls) call = stage.redeem_call();
  const Stopwatch watch;
  for (std::size_t i = 0; i < redeems.size(); ++i) {
    window.acquire();
    stage.submitter().submit<domain::RedeemCode>(std::move(calls[i]), std::move(redeems[i]), [&](const auto& outcome) {
      window.release();
      settled.one(outcome.ok());  // the last thing: who waits for it goes on
    });
  }
  settled.wait();
  return count / watch.seconds();
}

/// The same bytes, frame after frame, `under_way` of them queued.
double write_seconds(bus::EmbeddedLog& log, std::vector<std::string> records, std::ptrdiff_t under_way,
                     std::vector<double>* each = nullptr) {
  std::counting_semaphore<> window(under_way);
  std::atomic<std::size_t> failed{0};
  const Stopwatch watch;
  for (auto& record : records) {
    window.acquire();
    const Stopwatch one;
    log.append(std::move(record), [&](const bus::Appended& appended) {
      if (appended.outcome != bus::AppendOutcome::durable) ++failed;
      window.release();
    });
    if (!each) continue;
    window.acquire();
    each->push_back(one.seconds() * 1e3);
    window.release();
  }
  for (std::ptrdiff_t i = 0; i < under_way; ++i) window.acquire();
  if (failed > 0) throw std::runtime_error("the log alone could not be written");
  return watch.seconds();
}

/// Milliseconds from when each command was due to when it was answered.
std::vector<double> open_loop(Stage& stage, Redeems redeems, double rate) {
  prctl(PR_SET_TIMERSLACK, 1'000);
  std::vector<double> latencies(redeems.size());
  Settled settled(redeems.size());
  const auto began = Clock::now();
  for (std::size_t i = 0; i < redeems.size(); ++i) {
    const auto due = began + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) / rate));
    std::this_thread::sleep_until(due);
    stage.submitter().submit<domain::RedeemCode>(
        stage.redeem_call(), std::move(redeems[i]), [&settled, &slot = latencies[i], due](const auto& outcome) {
          slot = std::chrono::duration<double, std::milli>(Clock::now() - due).count();
          settled.one(outcome.ok());
        });
  }
  settled.wait();
  return latencies;
}

}  // namespace

std::vector<Result> sequencer_vs_log(const Plan& plan) {
  const Scratch scratch(plan);
  Stage stage(scratch.path(), batch);
  std::unique_ptr<bus::EmbeddedLog> other;
  const std::size_t count = plan.quick ? 10'000 : 40'000;
  commands_a_second(stage, stage.add_users(2'000));  // caches warm
  std::vector<std::string> frames;
  auto result = alternate(
      plan, "sequencer_vs_log", "commands/s",
      [&] {
        auto redeems = stage.add_users(count);
        other.reset();
        other = stage.copy_log_to(scratch.path() / "other");
        const auto from = stage.log_end();
        const auto rate = commands_a_second(stage, std::move(redeems));
        frames = stage.records(from, stage.log_end());
        return rate;
      },
      [&] { return static_cast<double>(count) / write_seconds(*other, std::move(frames), 4); });
  result.goal = 0.15;
  result.stretch = 0.30;
  return {result};
}

std::vector<Result> sequencer_p99_vs_write(const Plan& plan) {
  const Scratch scratch(plan);
  Stage stage(scratch.path(), bus::SequencerLimits{}.works_per_batch);
  std::unique_ptr<bus::EmbeddedLog> other;
  commands_a_second(stage, stage.add_users(2'000));
  std::vector<double> tops;
  for (int i = 0; i < 3; ++i) tops.push_back(commands_a_second(stage, stage.add_users(plan.quick ? 5'000 : 20'000)));
  const double rate = median(tops) / 2;
  const auto count = static_cast<std::size_t>(rate * (plan.quick ? 1 : 4));
  say("open loop at " + std::to_string(rate) + " redemptions/s");
  std::vector<std::string> frames;
  auto result = alternate(
      plan, "sequencer_p99_vs_write", "ms, p99",
      [&] {
        auto redeems = stage.add_users(count);
        other.reset();
        other = stage.copy_log_to(scratch.path() / "other");
        const auto from = stage.log_end();
        const auto p99 = percentile(open_loop(stage, std::move(redeems), rate), 0.99);
        frames = stage.records(from, stage.log_end());
        return p99;
      },
      [&] {
        std::vector<double> each;
        write_seconds(*other, std::move(frames), 1, &each);
        return percentile(std::move(each), 0.99);
      });
  result.goal = 8;
  result.stretch = 5;
  result.higher_is_better = false;
  return {result};
}

}  // namespace countersign::bench
