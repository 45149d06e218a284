#include "tools/bench/redemptions.h"

#include <sys/prctl.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

namespace countersign::bench {
namespace {

using Clock = std::chrono::steady_clock;

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

}  // namespace

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

double write_seconds(bus::PartitionLog& log, std::vector<std::string> records, std::ptrdiff_t under_way,
                     std::vector<double>* each) {
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

}  // namespace countersign::bench
