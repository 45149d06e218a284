// Folding a log into new views, against reading its bytes.

#include "bus/frame_reader.h"
#include "projections/projector.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/stage.h"

namespace countersign::bench {
namespace {

std::uint64_t rebuild(Stage& stage, const std::filesystem::path& directory, std::string& fingerprint) {
  projections::Views views({.directory = directory.string(), .bulk = true});
  bus::FrameReader reader(stage.log(), stage.identity(), stage.log_key(), {});
  projections::Projector projector(views, 0, projections::rebuild_batch_bytes);
  for (;;) {
    const auto next = reader.next_frame();
    if (next.has_error()) throw std::runtime_error("the log can't be read: " + reader.error_text());
    if (!*next) break;
    projector.apply(*(*next)->frame(), (*next)->after);
  }
  projector.finish(reader.state());
  if (fingerprint == "wanted") fingerprint = projections::fingerprint(views);
  return projector.events();
}

void scan(Stage& stage) {
  std::uint64_t bytes = 0;
  for (bus::Offset from{0};;) {
    const auto read = stage.log().read(from, 4 << 20);
    if (read.has_error()) throw std::runtime_error("the log can't be read");
    if (read->empty()) break;
    for (const auto& record : *read) bytes += record.bytes.size();
    from = bus::Offset{bus::value(read->back().offset) + 1};
  }
  if (bytes == 0) throw std::runtime_error("the log is empty");
}

}  // namespace

std::vector<Result> rebuild_vs_scan(const Plan& plan) {
  const Scratch scratch(plan);
  Stage stage(scratch.path(), 512);
  const std::size_t users = plan.quick ? 10'000 : 60'000, at_once = 5'000;
  for (std::size_t made = 0; made < users; made += at_once) stage.redeem_all(stage.add_users(at_once));
  stage.stop();
  std::string fingerprint = "wanted";
  const auto events = static_cast<double>(rebuild(stage, scratch.path() / "first", fingerprint));
  if (fingerprint != stage.fingerprint_of_views()) throw std::runtime_error("rebuilt views differ from the owner's");
  int round = 0;
  auto result = alternate(
      plan, "rebuild_vs_scan", "events/s",
      [&] {
        const Stopwatch watch;
        rebuild(stage, scratch.path() / ("rebuilt-" + std::to_string(++round)), fingerprint);
        return events / watch.seconds();
      },
      [&] {
        const Stopwatch watch;
        scan(stage);
        return events / watch.seconds();
      });
  result.goal = 0.2;
  result.stretch = 0.4;
  return {result};
}

}  // namespace countersign::bench
