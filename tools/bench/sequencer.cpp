// The sequencer in process: how many redemptions a second at batches of 64, and how long one takes at half of that.

#include "tools/bench/benchmarks.h"
#include "tools/bench/redemptions.h"

namespace countersign::bench {

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
