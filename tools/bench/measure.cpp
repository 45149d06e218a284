#include "tools/bench/measure.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>

namespace countersign::bench {

namespace fs = std::filesystem;

double median(std::vector<double> values) {
  return percentile(std::move(values), 0.5);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(rank, 1, values.size()) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

Result alternate(const Plan& plan, std::string name, std::string unit, const std::function<double()>& ours,
                 const std::function<double()>& ceiling) {
  std::vector<double> our, their, ratios;
  for (int round = 0; round < plan.rounds(); ++round) {
    our.push_back(ours());
    their.push_back(ceiling());
    ratios.push_back(our.back() / their.back());
    say(name + " round " + std::to_string(round + 1) + ": ours " + std::to_string(our.back()) + ", ceiling " +
        std::to_string(their.back()) + " " + unit + ", ratio " + std::to_string(ratios.back()));
  }
  return {
      .name = std::move(name), .value = median(ratios), .sides = Sides{median(our), median(their), std::move(unit)}};
}

Result measured(std::string name, double value, std::string unit, std::optional<double> goal, bool higher_is_better) {
  say(name + ": " + std::to_string(value) + " " + unit);
  return {.name = std::move(name),
          .value = value,
          .unit = std::move(unit),
          .goal = goal,
          .higher_is_better = higher_is_better};
}

Scratch::Scratch(const Plan& plan) {
  static std::atomic<int> count{0};
  path_ = fs::absolute(plan.work) / (std::to_string(getpid()) + "-" + std::to_string(++count));
  fs::create_directories(path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::int64_t wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void say(const std::string& text) {
  std::cerr << text << std::endl;
}

}  // namespace countersign::bench
