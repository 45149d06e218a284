// A company of a million: import, generation and download end to end over HTTP, the server's memory, a restart.

#include <algorithm>

#include "tools/bench/benchmarks.h"
#include "tools/bench/served.h"

namespace countersign::bench {
namespace {

constexpr double mib = 1 << 20;

}  // namespace

std::vector<Result> scale(const Plan& plan) {
  const Scratch scratch(plan);
  const auto users = static_cast<double>(plan.users);
  Served served(plan, scratch.path(), 0, {});
  std::vector<Result> out;
  const auto took = served.add_users(plan.users);
  out.push_back(measured("scale_import", users / took.import_s, "rows/s", 20'000, true));
  out.push_back(measured("scale_generate", users / took.generate_s, "rows/s", 20'000, true));

  const auto before = served.resident_bytes();
  auto most = before;
  std::uint64_t bytes = 0, rows = 0;
  const Stopwatch watch;
  served.client()->stream("/v1/registration-codes.csv", served.admin_key(), [&](std::string_view piece) {
    bytes += piece.size();
    rows += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    most = std::max(most, served.resident_bytes());
  });
  const auto seconds = watch.seconds();
  if (rows != plan.users + 1) throw std::runtime_error("the download has " + std::to_string(rows) + " lines");
  out.push_back(measured("scale_csv", users / seconds, "rows/s", {}, true));
  out.push_back(measured("scale_csv_bytes", static_cast<double>(bytes) / seconds / mib, "MiB/s", {}, true));
  out.push_back(measured("scale_rss_before_csv", static_cast<double>(before) / mib, "MiB", {}, false));
  out.push_back(measured("scale_rss_most_in_csv", static_cast<double>(most) / mib, "MiB", 1536, false));
  out.push_back(measured("scale_restart", served.restart(), "s", 10, false));
  return out;
}

}  // namespace countersign::bench
