// Event discovery over ten million events: how fast the index is built, how large it is, and how long each class of
// question takes, with a page of 50 events, six exact facets and a histogram of 100 intervals.

#include "adapters/queries/event_rendering.h"
#include "adapters/queries/event_search.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "projections/view_state.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/history.h"

namespace countersign::bench {
namespace {

using projections::EventIndex;
using queries::EventSearch;

constexpr std::string_view facet_names[] = {"type",           "severity", "outcome.result",
                                            "outcome.reason", "actor",    "client.ip"};

struct Question {
  std::string name;
  std::vector<std::string> filters;  ///< asked one after the other
};

class Asked {
 public:
  explicit Asked(History& history, EventIndex& index) : history_(history), index_(index), opener_(history.keys()) {}

  /// Seconds for the whole answer.
  double ask(const std::string& filter) {
    const Stopwatch watch;
    const auto reading = index_.read(history_.account());
    const projections::ViewState state(history_.views(), {});
    queries::EventRenderer renderer(state, opener_, {});
    const auto search = search_of(reading, filter);
    std::size_t rows = 0;
    boost::json::array page;
    search.walk(true, [&](std::uint64_t sequence) {
      search.read(sequence, [&](const domain::EventView& event, bus::FrameNumber frame) {
        page.push_back(renderer.render(event, frame));
      });
      return ++rows < 50;
    });
    std::vector<const queries::Attribute*> fields;
    for (const auto name : facet_names) fields.push_back(queries::find_attribute(name));
    const auto counts = search.count(fields);
    const auto times = *search.times();
    std::vector<domain::UnixMs> limits;
    for (int i = 0; i <= 100; ++i) limits.push_back(times.first + (times.second + 1 - times.first) * i / 100);
    const auto histogram = search.count_between(limits);
    std::uint64_t sum = 0;
    for (const auto count : histogram) sum += count;
    if (sum != counts.total) throw std::runtime_error("facets and histogram disagree");
    return watch.seconds();
  }

  std::uint64_t total(const std::string& filter) {
    const auto reading = index_.read(history_.account());
    return search_of(reading, filter).count({}).total;
  }

 private:
  EventSearch search_of(const EventIndex::Reading& reading, const std::string& filter) {
    const auto parsed = queries::EventFilter::parse(filter);
    if (const auto* error = std::get_if<queries::FilterError>(&parsed))
      throw std::runtime_error(filter + ": " + error->detail);
    return {reading,
            history_.views(),
            history_.account(),
            std::get<queries::EventFilter>(parsed),
            {},
            EventSearch::Clock::now() + std::chrono::minutes(5)};
  }

  History& history_;
  EventIndex& index_;
  const queries::SealOpener opener_;
};

/// Questions about things that occur, drawn while the events are made.
class Drawn {
 public:
  void see(const domain::EventView& event) {
    if (random_() % 40'000 != 0 && !people_.empty()) return;
    people_.push_back(party_text(event.subject()));
    times_.push_back(event.time());
  }
  std::vector<Question> questions() const {
    Question rare{"rare", {}}, three{"three filters", {}}, many{"850,000 hits", {}}, broad{"one broad filter", {}},
        all{"everything", {""}};
    for (std::size_t i = 0; i < people_.size() && i < 100; ++i) {
      rare.filters.push_back("subject eq \"" + people_[i] + '"');
      three.filters.push_back(
          "type eq \"registration_code.redemption_refused\" and outcome.reason eq \"code_expired\" and "
          "time ge \"" +
          queries::rfc3339(times_[i]) + '"');
    }
    many.filters = {R"(type sw "registration_code." and outcome eq "success" and actor.type ne "api_key")",
                    R"(type eq "device.activated" and outcome eq "success")"};
    broad.filters = {R"(type eq "session.seen")", R"(outcome eq "success")", R"(severity eq "informational")"};
    return {rare, three, many, broad, all};
  }

 private:
  std::mt19937_64 random_{7};
  std::vector<std::string> people_;
  std::vector<domain::UnixMs> times_;
};

Result row(std::string name, double value, std::string unit, std::optional<double> goal, bool higher_is_better) {
  say(name + ": " + std::to_string(value) + " " + unit);
  return {.name = std::move(name),
          .value = value,
          .unit = std::move(unit),
          .goal = goal,
          .higher_is_better = higher_is_better};
}

}  // namespace

std::vector<Result> discovery(const Plan& plan) {
  const Scratch scratch(plan);
  const std::uint64_t events = plan.quick ? 1'000'000 : plan.events;
  History history(scratch.path(), events);
  Drawn drawn;
  history.make([&](const domain::EventView& event) { drawn.see(event); });
  say(std::to_string(events) + " events are made");

  std::vector<Result> out;
  projections::SegmentStore store((scratch.path() / "index").string());
  EventIndex index(history.views(), store);
  const Stopwatch watch;
  while (index.follow()) {
  }
  out.push_back(row("discovery_index", static_cast<double>(events) / watch.seconds(), "events/s", 200'000, true));
  std::size_t memory = 0;
  {
    const auto reading = index.read(history.account());
    for (std::size_t n = 0; n < reading.segments(); ++n) memory += reading.segment(n)->memory_bytes();
  }
  out.push_back(
      row("discovery_memory", static_cast<double>(memory) / static_cast<double>(events), "bytes/event", 100, false));
  out.push_back(row("discovery_disk", static_cast<double>(store.disk_bytes()) / static_cast<double>(events),
                    "bytes/event", 100, false));

  Asked asked(history, index);
  double slowest = 0;
  for (const auto& question : drawn.questions()) {
    std::vector<double> milliseconds;
    for (int round = 0; round < 3 || milliseconds.size() < 100; ++round)
      for (const auto& filter : question.filters) milliseconds.push_back(asked.ask(filter) * 1000);
    const auto p99 = percentile(milliseconds, 0.99);
    say(question.name + ": " + std::to_string(asked.total(question.filters[0])) + " events, p50 " +
        std::to_string(median(milliseconds)) + " ms, p99 " + std::to_string(p99) + " ms");
    slowest = std::max(slowest, p99);
  }
  auto p99 = row("discovery_p99_ms", slowest, "ms", 20, false);
  p99.stretch = 8;
  out.push_back(std::move(p99));
  return out;
}

}  // namespace countersign::bench
