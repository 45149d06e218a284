// What countersign-replay does with a log of some million events, as an auditor waits for it: the state at the log's
// end and new views, with every record authenticated. Processor time, too: on a machine that others use it says more.

#include <ctime>

#include "tools/bench/benchmarks.h"
#include "tools/bench/stage.h"
#include "tools/replay/folding.h"
#include "tools/replay/state_at.h"

namespace countersign::bench {
namespace {

constexpr std::uint64_t events_a_user = 6;  ///< created, a code, and four of its redemption
constexpr double goal = 500'000;

struct Took {
  double seconds = 0, processor_seconds = 0;
};

Took time_of(const std::function<void()>& work) {
  const auto processor = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const auto before = processor();
  const Stopwatch watch;
  work();
  return {watch.seconds(), processor() - before};
}

}  // namespace

std::vector<Result> replayed(const Plan& plan) {
  const Scratch scratch(plan);
  domain::AccountId account;
  {
    Stage stage(scratch.path(), 512);
    account = stage.account();
    const std::uint64_t users = plan.events / events_a_user, at_once = 5'000;
    for (std::uint64_t made = 0; made < users; made += at_once) stage.redeem_all(stage.add_users(at_once));
    stage.stop();
  }
  const replay::Source source{scratch.path(), {}, false};
  std::vector<Result> out;
  double events = 0;
  Took state, rebuild;
  for (int round = 0; round < plan.rounds(); ++round) {
    const auto folded = time_of([&] {
      replay::AuditedLog log(source);
      events = static_cast<double>(replay::fold_account(log, account, {}, {}).state.events());
    });
    const auto rebuilt = time_of([&] { replay::rebuild(source, {}); });
    if (round == 0 || folded.seconds < state.seconds) state = folded;
    if (round == 0 || rebuilt.seconds < rebuild.seconds) rebuild = rebuilt;
  }
  out.push_back(measured("replay_state", events / state.seconds, "events/s", goal, true));
  out.push_back(measured("replay_state_processor", events / state.processor_seconds, "events/s of one", {}, true));
  out.push_back(measured("replay_rebuild", events / rebuild.seconds, "events/s", goal, true));
  out.push_back(measured("replay_rebuild_processor", events / rebuild.processor_seconds, "events/s of one", {}, true));
  return out;
}

}  // namespace countersign::bench
