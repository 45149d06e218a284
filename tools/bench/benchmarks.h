#pragma once
// The benchmarks by name. Each returns its results; throws CannotRun when this machine lacks what it needs, another
// exception when it failed.

#include <span>
#include <vector>

#include "tools/bench/measure.h"

namespace countersign::bench {

struct Benchmark {
  std::string_view name, what;
  std::vector<Result> (*run)(const Plan& plan);
  bool by_default = true;
};

std::vector<Result> sequencer_vs_log(const Plan& plan);
std::vector<Result> sequencer_p99_vs_write(const Plan& plan);
std::vector<Result> rebuild_vs_scan(const Plan& plan);
std::vector<Result> http_redeem_vs_beast(const Plan& plan);
std::vector<Result> http_verify_vs_redeem(const Plan& plan);
std::vector<Result> http_introspect_vs_beast(const Plan& plan);
std::vector<Result> http_user_vs_beast(const Plan& plan);
std::vector<Result> http_introspect_vs_nginx(const Plan& plan);
std::vector<Result> revocation_stale_reads(const Plan& plan);
std::vector<Result> scale(const Plan& plan);
std::vector<Result> discovery(const Plan& plan);
std::vector<Result> replayed(const Plan& plan);
std::vector<Result> kafka(const Plan& plan);

}  // namespace countersign::bench
