// countersign-sim: runs seeds of the simulator, or one with a trace.
//   --seed N             one run, traced
//   --seeds N --from S   N runs from seed S on
//   --minutes M          as many as fit
//   --bug B              with a planted bug by number (only countersign-sim-planted; see bus/planted.h)

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "bus/planted.h"
#include "tests/sim/simulation.h"

int main(int argc, char** argv) {
  std::map<std::string, double> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = std::atof(argv[i + 1]);
  if (given.empty()) {
    std::cerr << "countersign-sim --seed N | [--seeds N] [--from S] [--minutes M]\n";
    return 2;
  }
#ifdef COUNTERSIGN_PLANTED_BUGS
  countersign::bus::planted_bug = static_cast<countersign::bus::Bug>(given["--bug"]);
#endif
  if (given.contains("--seed")) {
    const auto verdict = countersign::sim::simulate(static_cast<std::uint64_t>(given["--seed"]), &std::cout);
    std::cout << (verdict.wrong.empty() ? "all held" : verdict.wrong) << "\n";
    return verdict.wrong.empty() ? 0 : 1;
  }
  const auto started = std::chrono::steady_clock::now();
  const auto from = static_cast<std::uint64_t>(given.contains("--from") ? given["--from"] : 1);
  const double minutes = given["--minutes"];
  const auto seeds = static_cast<std::uint64_t>(given.contains("--seeds") ? given["--seeds"]
                                                : minutes > 0             ? 1e15
                                                                          : 1000);
  countersign::sim::Verdict sum;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const auto verdict = countersign::sim::simulate(seed);
    if (!verdict.wrong.empty()) {
      std::cout << "seed " << seed << ": " << verdict.wrong << "\nreplay it with: countersign-sim --seed " << seed
                << "\n";
      return 1;
    }
    sum.frames += verdict.frames;
    sum.acknowledged += verdict.acknowledged;
    sum.starts += verdict.starts;
    sum.resolves += verdict.resolves;
    sum.ignored += verdict.ignored;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started;
    if (minutes > 0 && passed.count() > minutes * 60) {
      std::cout << "stopped after seed " << seed << "\n";
      break;
    }
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started;
  std::cout << "all held: " << sum.frames << " frames, " << sum.acknowledged << " acknowledged, " << sum.starts
            << " starts, " << sum.resolves << " resolved doubts, " << sum.ignored << " ignored records, "
            << passed.count() << " s\n";
  return 0;
}
