#pragma once
// How things are measured: two sides in turn, several rounds in one run, medians; a directory that goes afterwards.

#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

#include "tools/bench/report.h"

namespace countersign::bench {

/// What a run was asked for.
struct Plan {
  bool quick = false;
  std::uint64_t users = 1'000'000;    ///< of `scale`
  std::uint64_t events = 10'000'000;  ///< of `discovery` and `replay`
  std::string kafka_brokers;          ///< of `kafka`
  std::filesystem::path work = "build/bench/work";
  std::filesystem::path server;  ///< the countersignd to measure
  int rounds() const { return quick ? 2 : 5; }
};

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point began_ = Clock::now();
};

double median(std::vector<double> values);
/// `share` of 0.99: 99 % of the values are at most this.
double percentile(std::vector<double> values, double share);

/// Runs both sides in turn; the value is the median of the rounds' ratios ours : ceiling.
Result alternate(const Plan& plan, std::string name, std::string unit, const std::function<double()>& ours,
                 const std::function<double()>& ceiling);

/// A result that has no other side, said as soon as it is known.
Result measured(std::string name, double value, std::string unit, std::optional<double> goal, bool higher_is_better);

/// A directory of this process's own below plan.work, gone with the object.
class Scratch {
 public:
  explicit Scratch(const Plan& plan);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Milliseconds since 1970.
std::int64_t wall_clock();

/// To standard error: what is going on, for whoever waits.
void say(const std::string& text);

/// Thrown by a benchmark that this machine can't run.
struct CannotRun {
  std::string why;
};

}  // namespace countersign::bench
