// Event discovery over ten million events: how fast the index is built, how large it is, and how long each class of
// question takes, with a page of 50 events, six exact facets and a histogram of 100 intervals.

#include <boost/unordered/unordered_flat_map.hpp>
#include <fstream>
#include <random>

#include "adapters/queries/event_rendering.h"
#include "adapters/queries/event_search.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "projections/view_state.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/history.h"
#include "tools/bench/postgres.h"

namespace countersign::bench {
namespace {

using projections::EventIndex;
using projections::Few;
using projections::Many;
using queries::EventSearch;

constexpr std::string_view facet_names[] = {"type",           "severity", "outcome.result",
                                            "outcome.reason", "actor",    "client.ip"};

struct Asking {
  std::string filter, sql;  ///< the same, twice
};
struct Question {
  std::string name;
  std::vector<Asking> asked;  ///< one after the other
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
  /// As Rival::counts says it.
  std::string counts(const std::string& filter) {
    const auto reading = index_.read(history_.account());
    const auto counts = search_of(reading, filter).count({queries::find_attribute("type")});
    auto text = std::to_string(counts.total) + "\n";
    for (unsigned type = 0; type < 256; ++type)
      if (const auto count = counts.fields[0].few[type]; count > 0)
        text += std::to_string(type) + "," + std::to_string(count) + "\n";
    return text;
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

/// The events as rows of a table, numbers for texts, and questions about things that occur in them.
class Table {
 public:
  explicit Table(const std::filesystem::path& file) : out_(file) {}

  void add(const domain::EventView& event) {
    const auto fields = projections::indexed(event);
    out_ << event.sequence() << ',' << event.time();
    for (const auto f : {Few::type, Few::severity, Few::outcome, Few::reason}) out_ << ',' << number(fields, f);
    for (const auto f : {Many::actor, Many::ip, Many::subject})
      out_ << ',' << number(fields.many[static_cast<std::size_t>(f)]);
    out_ << '\n';
    if (random_() % 40'000 == 0 || drawn_.empty())
      drawn_.push_back({party_text(event.subject()), number(fields.many[1]), event.time(), event.type()});
  }
  void close() { out_.close(); }

  std::vector<Question> questions() {
    Question rare{"rare", {}}, three{"three filters", {}}, many{"850,000 hits", {}}, broad{"one broad filter", {}},
        all{"everything", {{"", "true"}}};
    for (std::size_t i = 0; i < drawn_.size() && i < 100; ++i) {
      rare.asked.push_back(of_subject(drawn_[i]));
      three.asked.push_back(all_of({{R"(type eq "registration_code.redemption_refused")",
                                     type_is(EventType::registration_code_redemption_refused)},
                                    {R"(outcome.reason eq "code_expired")",
                                     "reason = " + std::to_string(static_cast<int>(domain::Reason::code_expired))},
                                    since(drawn_[i])}));
    }
    many.asked = {all_of({{R"(type eq "device.activated")", type_is(EventType::device_activated)},
                          {R"(outcome eq "success")", "outcome = 0"}})};
    broad.asked = {{R"(type eq "session.seen")", type_is(EventType::session_seen)},
                   {R"(outcome eq "success")", "outcome = 0"}};
    return {rare, three, many, broad, all};
  }
  /// Any of the above and other things, joined.
  Asking random_question() {
    const auto& some = drawn_[random_() % drawn_.size()];
    std::vector<Asking> parts;
    if (random_() % 2)
      parts.push_back({"type eq \"" + std::string(domain::name_of(some.type).name) + '"', type_is(some.type)});
    if (random_() % 2) parts.push_back(since(some));
    if (random_() % 3 == 0) parts.push_back(of_subject(some));
    if (random_() % 3 == 0) parts.push_back({R"(not (outcome eq "success"))", "not (outcome = 0)"});
    if (random_() % 3 == 0) parts.push_back({"sequence le " + std::to_string(random_() % 5'000'000), ""});
    if (parts.empty()) return {"", "true"};
    if (parts.back().sql.empty()) parts.back().sql = "sequence <= " + parts.back().filter.substr(12);
    return all_of(parts);
  }

 private:
  using EventType = domain::EventType;
  struct Some {
    std::string subject;
    std::uint32_t subject_number;
    domain::UnixMs time;
    EventType type;
  };
  static int number(const projections::IndexedEvent& event, Few field) {
    return event.few[static_cast<std::size_t>(field)];
  }
  std::uint32_t number(const projections::IndexValue& value) {
    return numbers_.try_emplace(value, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  static std::string type_is(EventType type) { return "type = " + std::to_string(static_cast<int>(type)); }
  static Asking of_subject(const Some& some) {
    return {"subject eq \"" + some.subject + '"', "subject = " + std::to_string(some.subject_number)};
  }
  static Asking since(const Some& some) {
    return {"time ge \"" + queries::rfc3339(some.time) + '"', "time >= " + std::to_string(some.time)};
  }
  static Asking all_of(const std::vector<Asking>& parts) {
    auto all = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) {
      all.filter += " and " + parts[i].filter;
      all.sql += " and " + parts[i].sql;
    }
    return all;
  }

  std::ofstream out_;
  std::mt19937_64 random_{7};
  boost::unordered_flat_map<projections::IndexValue, std::uint32_t, projections::IndexValueHash> numbers_;
  std::vector<Some> drawn_;
};

/// The same table in PostgreSQL, with the indexes that these questions want.
class Rival {
 public:
  Rival(const std::filesystem::path& directory, const std::filesystem::path& rows) : postgres_(directory) {
    postgres_.ask(
        "create unlogged table events (sequence bigint primary key, time bigint, type smallint, severity smallint, "
        "outcome smallint, reason smallint, actor int, ip int, subject int)");
    postgres_.ask("\\copy events from '" + rows.string() + "' with (format csv)");
    for (const auto* column : {"time", "type, time", "subject, time", "actor, time", "ip, time", "reason, type, time"})
      postgres_.ask("create index on events (" + std::string(column) + ")");
    postgres_.ask("vacuum analyze events");
  }
  double ask(const std::string& where) {
    const Stopwatch watch;
    postgres_.ask("select * from events where " + where + " order by sequence desc limit 50");
    for (const auto* column : {"type", "severity", "outcome", "reason", "actor", "ip"})
      postgres_.ask("select " + std::string(column) + ", count(*) from events where " + where +
                    " group by 1 order by 2 desc limit 100");
    postgres_.ask(
        "select width_bucket(time, (select min(time) from events), (select max(time) + 1 from events), 100), count(*) "
        "from events where " +
        where + " group by 1");
    return watch.seconds();
  }
  /// Total, then how many there are of each type, by its number.
  std::string counts(const std::string& where) {
    return postgres_.ask("select count(*) from events where " + where) +
           postgres_.ask("select type, count(*) from events where " + where + " group by 1 order by 1");
  }

 private:
  Postgres postgres_;
};

}  // namespace

std::vector<Result> discovery(const Plan& plan) {
  const Scratch scratch(plan);
  const std::uint64_t events = plan.quick ? 1'000'000 : plan.events;
  History history(scratch.path(), events);
  Table table(scratch.path() / "rows.csv");
  history.make([&](const domain::EventView& event) { table.add(event); });
  table.close();
  say(std::to_string(events) + " events are made");

  std::vector<Result> out;
  projections::SegmentStore store((scratch.path() / "index").string());
  EventIndex index(history.views(), store);
  const Stopwatch watch;
  while (index.follow()) {
  }
  out.push_back(measured("discovery_index", static_cast<double>(events) / watch.seconds(), "events/s", 200'000, true));
  std::size_t memory = 0;
  {
    const auto reading = index.read(history.account());
    for (std::size_t n = 0; n < reading.segments(); ++n) memory += reading.segment(n)->memory_bytes();
  }
  const auto each = static_cast<double>(events);
  out.push_back(measured("discovery_memory", static_cast<double>(memory) / each, "bytes/event", 100, false));
  out.push_back(measured("discovery_disk", static_cast<double>(store.disk_bytes()) / each, "bytes/event", 100, false));

  Asked asked(history, index);
  double slowest = 0, three_p50 = 0;
  const auto questions = table.questions();
  for (const auto& question : questions) {
    std::vector<double> milliseconds;
    for (int round = 0; round < 3 || milliseconds.size() < 100; ++round)
      for (const auto& asking : question.asked) milliseconds.push_back(asked.ask(asking.filter) * 1000);
    const auto p99 = percentile(milliseconds, 0.99);
    if (question.name == "three filters") three_p50 = median(milliseconds);
    say(question.name + ": " + std::to_string(asked.total(question.asked[0].filter)) + " events, p50 " +
        std::to_string(median(milliseconds)) + " ms, p99 " + std::to_string(p99) + " ms");
    slowest = std::max(slowest, p99);
  }
  auto p99 = measured("discovery_p99_ms", slowest, "ms", 20, false);
  p99.stretch = 8;
  out.push_back(std::move(p99));

  Rival rival(scratch.path() / "postgres", scratch.path() / "rows.csv");
  for (int i = 0; i < 200; ++i) {
    const auto question = table.random_question();
    const auto ours = asked.counts(question.filter), theirs = rival.counts(question.sql);
    if (ours != theirs)
      throw std::runtime_error(question.filter + ": we count\n" + ours + "PostgreSQL counts\n" + theirs);
  }
  say("200 random questions have the same answers");
  double their_three_p50 = 0;
  for (const auto& question : questions) {
    std::vector<double> milliseconds;
    for (std::size_t i = 0; i < 7; ++i)
      milliseconds.push_back(rival.ask(question.asked[i % question.asked.size()].sql) * 1000);
    if (question.name == "three filters") their_three_p50 = median(milliseconds);
    say("PostgreSQL, " + question.name + ": p50 " + std::to_string(median(milliseconds)) + " ms");
  }
  auto ratio = measured("discovery_vs_postgresql", their_three_p50 / three_p50, "ratio", 5, true);
  ratio.stretch = 10;
  ratio.sides = Sides{three_p50, their_three_p50, "ms"};
  out.push_back(std::move(ratio));
  return out;
}

}  // namespace countersign::bench
