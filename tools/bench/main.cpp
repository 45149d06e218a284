// countersign-bench: measures Countersign and its ceilings in one run and prints the ratios. docs/benchmarks.md.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>

#include "bus/background_threads.h"
#include "tools/bench/beast_server.h"
#include "tools/bench/benchmarks.h"

namespace {

using namespace countersign::bench;

constexpr Benchmark all[] = {
    {"sequencer_vs_log", "redeem commands/s at batch 64 : the same frames' bytes on the log alone", sequencer_vs_log},
    {"sequencer_p99_vs_write", "p99 at half of the maximum : p99 of one synced write", sequencer_p99_vs_write},
    {"http_redeem_vs_beast", "durable redemptions : stock Beast POST echo", http_redeem_vs_beast},
    {"http_verify_vs_redeem", "verified one-time passwords (TOTP) : redemptions, both durable", http_verify_vs_redeem},
    {"http_introspect_vs_beast", "introspections : stock Beast GET", http_introspect_vs_beast},
    {"http_user_vs_beast", "GET of users : stock Beast GET", http_user_vs_beast},
    {"http_introspect_vs_nginx", "introspections : nginx, a static answer", http_introspect_vs_nginx},
    {"rebuild_vs_scan", "views folded anew : the log read", rebuild_vs_scan},
    {"revocation_stale_reads", "active although revoked", revocation_stale_reads},
    {"scale", "a million users (not by default)", scale, false},
    {"discovery", "searches over ten million events (not by default)", discovery, false},
    {"kafka", "a partition on the brokers of --kafka-brokers (not by default; ./dev bench kafka starts some)", kafka,
     false},
    {"replay", "countersign-replay over --events events (not by default)", replayed, false},
};

void measure(const Benchmark& benchmark, const Plan& plan, Report& report) {
  const std::string name(benchmark.name);
  try {
    say("--- " + name);
    for (auto& result : benchmark.run(plan)) report.results.push_back(std::move(result));
  } catch (const CannotRun& reason) {
    report.skipped.push_back({name, reason.why});
  } catch (const std::exception& error) {
    report.failed.push_back({name, error.what()});
  }
}

int run_all(const std::vector<std::string>& names, const Plan& plan, const std::string& out) {
  Report report;
  for (const auto& benchmark : all)
    if (names.empty() ? benchmark.by_default : std::ranges::find(names, benchmark.name) != names.end())
      measure(benchmark, plan, report);
  std::cout << machine_text() << "\n\n" << table_of(report) << std::flush;
  write_json(report, out);
  return report.failed.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  countersign::bus::lower_background_threads();
  std::string text = "Measures Countersign and its ceilings in one run and prints the ratios. Benchmarks:\n";
  std::vector<std::string> known;
  for (const auto& benchmark : all) {
    known.emplace_back(benchmark.name);
    text.append("  ").append(benchmark.name).append(": ").append(benchmark.what).append("\n");
  }
  text += "Exit status: 0 measured (goals reached or not), 1 a benchmark failed, 2 wrong usage.";
  CLI::App app{text};
  app.set_version_flag("--version", "countersign-bench " COUNTERSIGN_VERSION);
  Plan plan;
  std::vector<std::string> names;
  std::string out = "build/bench/latest.json", server;
  unsigned beast_threads = 0;
  app.add_option("NAME", names, "only these")->check(CLI::IsMember(known));
  app.add_flag("--quick", plan.quick, "a few seconds each, for trying things");
  app.add_option("--users", plan.users, "users of scale")->check(CLI::Range(1'000, 2'000'000))->capture_default_str();
  app.add_option("--events", plan.events, "events of discovery and replay")
      ->check(CLI::Range(100'000, 50'000'000))
      ->capture_default_str();
  app.add_option("--kafka-brokers", plan.kafka_brokers,
                 "of kafka: host:port,host:port; topics are made there and stay");
  app.add_option("--out", out, "where the JSON goes")->capture_default_str();
  app.add_option("--work-dir", plan.work, "for data, on the disk to be measured")->capture_default_str();
  app.add_option("--server", server, "the countersignd to measure; default: the one beside this program");
  app.add_option("--serve-beast", beast_threads)->group("");  // for itself
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    if (beast_threads > 0) {
      serve_beast(beast_threads);
      return 0;
    }
    plan.server = server.empty() ? std::filesystem::read_symlink("/proc/self/exe").parent_path() / "countersignd"
                                 : std::filesystem::path(server);
    return run_all(names, plan, out);
  } catch (const std::exception& error) {
    std::cerr << "countersign-bench: " << error.what() << '\n';
    return 1;
  }
}
