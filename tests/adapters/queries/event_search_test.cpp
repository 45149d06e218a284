// Searches by the index against a naive walk over all events: random filters, ranges, orders and fields, across segment
// borders, the growing end, restarts, lost segments and another history.

#include "adapters/queries/event_search.h"

#include <gtest/gtest.h>

#include <random>

#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "tests/support/ledger.h"
#include "tests/support/scratch_directory.h"

namespace countersign::queries {
namespace {

using projections::EventIndex;
using testing::uuid_of;

constexpr std::size_t segment_events = 256;
const domain::AccountId account{uuid_of("acc")}, other{uuid_of("other")};

/// Events with few people doing much and many doing little, of every type.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  bool often() { return below(4) > 0; }

  std::string next(domain::AccountId in, std::uint64_t sequence) {
    const auto catalogue = domain::event_catalogue();
    domain::NewEvent event{.type = catalogue[below(often() ? 6 : catalogue.size())].type};
    event.subject = often() ? domain::party(domain::UserId{someone("user", 40)}) : domain::Party{};
    event.target = often() ? domain::party(domain::DeviceId{someone("device", 500)}) : domain::Party{};
    if (!often()) event.outcome = domain::Outcome::failure;
    if (!often()) event.reason = below(2) ? domain::Reason::code_used : domain::Reason::rescue;
    if (!often()) event.session = {someone("session", 100)};
    domain::EventStamp stamp{.id = {someone("event", 1'000'000'000)},
                             .account = in,
                             .sequence = sequence,
                             .time = time_ += static_cast<domain::UnixMs>(below(3) * below(50)),
                             .actor = often() ? domain::party(domain::ApiKeyId{someone("key", 3)})
                                              : domain::Party{domain::PartyKind::system, {}},
                             .correlation = someone("request", 300)};
    if (often()) stamp.ip = someone("ip", 20).bytes;
    constexpr std::string_view countries[] = {"CH", "CH", "NO", "ZW", "QX"};  // the last one is none
    const auto country = countries[below(std::size(countries))];
    if (often()) stamp.country = static_cast<std::uint16_t>(country[0] << 8 | country[1]);
    return domain::encode_event(domain::encode_clear(event, stamp), "");
  }
  domain::Uuid someone(const std::string& what, std::size_t of) {
    return uuid_of(what + std::to_string(below(of) * below(of) / of));
  }
  domain::UnixMs time() const { return time_; }

 private:
  std::mt19937_64 random_;
  domain::UnixMs time_ = *parse_rfc3339("2026-11-23T03:00:00Z");
};

class EventSearches : public ::testing::Test {
 protected:
  void add(std::size_t count, domain::AccountId in = account) {
    projections::Overlay overlay;
    frame_.last = bus::next(frame_.last);
    overlay.begin_frame(frame_.last, bus::TimeMs{history.time()});
    auto& bytes = in == account ? events : others;
    for (std::size_t i = 0; i < count; ++i) {
      bytes.push_back(history.next(in, bytes.size() + 1));
      overlay.add_event(in, bytes.size(), bytes.back());
    }
    domain::Account row;
    row.id = in;
    row.last_sequence = bytes.size();
    overlay.put(projections::account_key(in), projections::encode(row));
    frame_.time = bus::TimeMs{history.time()};
    overlay.position = frame_;
    views->land(overlay);
  }
  domain::EventView view(std::uint64_t sequence) const { return *domain::EventView::parse(events[sequence - 1]); }

  EventIndex::Reading read() { return index->read(account); }
  void open() {
    index.reset();
    store.reset();
    store = std::make_unique<projections::SegmentStore>(directory + "/index");
    index = std::make_unique<EventIndex>(*views, *store, options);
  }
  EventSearch search(const EventIndex::Reading& reading, const EventFilter& filter, SearchRange range = {}) {
    return {reading, *views, account, filter, range, EventSearch::Clock::now() + std::chrono::hours(1)};
  }
  static EventFilter parsed(const std::string& filter) {
    const auto digest = [](std::string_view text) { return std::optional(uuid_of(std::string(text)).bytes); };
    auto result = EventFilter::parse(filter, digest);
    if (const auto* error = std::get_if<FilterError>(&result)) ADD_FAILURE() << filter << ": " << error->detail;
    return std::get<EventFilter>(result);
  }

  // Random questions.
  std::string some_comparison();
  std::string some_filter(int depth);
  SearchRange some_range();
  /// Also with a text, and with those whose name has it in it.
  EventFilter some_question(const std::string& filter);
  void expect_answers_as_a_walk(const EventIndex::Reading& reading, const std::string& filter, SearchRange range);

  const testing::ScratchDirectory scratch;
  const std::string directory = scratch.path();
  History history{7};
  std::unique_ptr<projections::Views> views =
      std::make_unique<projections::Views>(projections::ViewOptions{.directory = directory + "/views"});
  projections::EventIndexOptions options{.chunk_events = 100, .segment_events = segment_events};
  std::unique_ptr<projections::SegmentStore> store;
  std::unique_ptr<EventIndex> index;
  std::vector<std::string> events, others;

 private:
  bus::AcceptanceState frame_;
};

std::string EventSearches::some_comparison() {
  auto& h = history;
  constexpr std::string_view texts[] = {"type",       "sub_type",       "action",         "severity",
                                        "outcome",    "outcome.reason", "actor",          "subject",
                                        "target",     "actor.type",     "subject.type",   "target.type",
                                        "session_id", "correlation_id", "client.country", "id"};
  constexpr std::string_view operators[] = {"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"};
  const auto some_event = view(h.below(events.size()) + 1);
  if (h.below(6) == 0) {
    const auto sequence = static_cast<std::int64_t>(h.below(events.size() + 200)) - 100;
    return "sequence " + std::string(operators[h.below(2) ? 0 : 5 + h.below(4)]) + " " + std::to_string(sequence);
  }
  if (h.below(6) == 0)
    return "time " + std::string(operators[h.below(2) ? 1 : 5 + h.below(4)]) + " \"" + rfc3339(some_event.time()) + '"';
  if (h.below(8) == 0)
    return "client.ip " + std::string(h.below(2) ? "eq" : "ne") + " \"ip" + std::to_string(h.below(6)) + '"';
  const auto name = texts[h.below(std::size(texts) - (h.below(10) > 0))];  // ids seldom: each event is looked at
  if (h.below(8) == 0) return std::string(name) + (h.below(2) ? " pr" : " eq null");
  auto text = std::get<std::string>(find_attribute(name)->of(some_event));
  const auto* op = &operators[h.below(3) ? 0 : h.below(std::size(operators))];
  if (*op != "eq" && *op != "ne" && text.size() > 2) {
    const auto from = h.below(text.size() - 1);
    text = *op == "sw" ? text.substr(0, from + 1) : *op == "ew" ? text.substr(from) : text.substr(from, 3);
  }
  return std::string(name) + " " + std::string(*op) + " \"" + text + '"';
}

std::string EventSearches::some_filter(int depth) {
  if (depth == 0 || history.below(3) == 0) return some_comparison();
  switch (history.below(3)) {
    case 0: return "not (" + some_filter(depth - 1) + ")";
    case 1: return "(" + some_filter(depth - 1) + ") and (" + some_filter(depth - 1) + ")";
    default: return "(" + some_filter(depth - 1) + ") or (" + some_filter(depth - 1) + ")";
  }
}

EventFilter EventSearches::some_question(const std::string& filter) {
  const auto question = parsed(filter);
  if (history.below(4) > 0) return question;
  auto named = std::make_shared<PartySet>();
  for (auto count = history.below(2) ? history.below(4) : history.below(400); count > 0; --count) {
    const auto of = view(history.below(events.size()) + 1);
    named->insert(projections::index_value(history.below(2) ? of.subject() : of.target()));
  }
  const auto some = view(history.below(events.size()) + 1);
  constexpr std::string_view texts[] = {"user", "Code", "e", "no such thing", "EXPIRED"};
  auto text =
      history.below(2) ? std::string(texts[history.below(std::size(texts))]) : domain::party_text(some.subject());
  if (text.empty()) text = "registration";
  return question.with_text(text, std::move(named));
}

SearchRange EventSearches::some_range() {
  SearchRange range;
  if (history.below(3) == 0) range.first = history.below(events.size()) + 1;
  if (history.below(3) == 0) range.last = range.first + history.below(events.size());
  if (history.below(3) == 0) range.since = view(history.below(events.size()) + 1).time();
  if (history.below(3) == 0) range.until = view(history.below(events.size()) + 1).time() + 1;
  return range;
}

void EventSearches::expect_answers_as_a_walk(const EventIndex::Reading& reading, const std::string& filter,
                                             SearchRange range) {
  const auto wanted = some_question(filter);
  std::vector<std::uint64_t> walked;
  for (std::uint64_t sequence = 1; sequence <= events.size(); ++sequence) {
    const auto event = view(sequence);
    if (sequence >= range.first && sequence <= range.last && event.time() >= range.since &&
        event.time() < range.until && wanted.matches(event))
      walked.push_back(sequence);
  }
  const auto found = search(reading, wanted, range);
  for (const bool newest_first : {false, true}) {
    std::vector<std::uint64_t> sequences;
    found.walk(newest_first, [&](std::uint64_t sequence) {
      if (found.exact() || wanted.matches(view(sequence))) sequences.push_back(sequence);
      return true;
    });
    if (newest_first) std::ranges::reverse(sequences);
    ASSERT_EQ(sequences, walked) << filter;
  }
  std::vector<const Attribute*> fields;
  for (const auto* name : {"type", "severity", "outcome.reason", "subject", "client.ip", "client.country", "actor"})
    if (history.below(2)) fields.push_back(find_attribute(name));
  const auto counts = found.count(fields);
  ASSERT_EQ(counts.total, walked.size()) << filter;
  for (const auto& field : counts.fields) {
    std::map<std::string, std::uint64_t> expected, counted;
    for (const auto sequence : walked) ++expected[std::get<std::string>(field.attribute->of(view(sequence)))];
    if (field.attribute->few) {
      for (unsigned value = 0; value < 256; ++value)
        if (field.few[value] > 0)
          counted[field.attribute->few_text(static_cast<std::uint8_t>(value))] += field.few[value];
    } else {
      for (const auto& [value, count] : field.many) counted[field.attribute->many_text(value)] += count;
    }
    ASSERT_EQ(counted, expected) << filter << ": " << field.attribute->name;
  }
  std::vector<domain::UnixMs> times{std::max(range.since, view(1).time())};
  const auto end = std::min(range.until, view(events.size()).time() + 1);
  while (times.back() < end)
    times.push_back(std::min(end, times.back() + 1 + static_cast<domain::UnixMs>(history.below(9'000))));
  if (times.size() < 2) return;
  const auto buckets = found.count_between(times);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const auto expected = std::ranges::count_if(walked, [&](auto sequence) {
      const auto time = view(sequence).time();
      return time >= times[i] && time < times[i + 1];
    });
    ASSERT_EQ(buckets[i], static_cast<std::uint64_t>(expected)) << filter << " in interval " << i;
  }
}

TEST_F(EventSearches, AnswerRandomFiltersAsANaiveWalkDoes) {
  add(1'300);  // five full segments and a growing one
  add(5, other);
  open();
  const auto reading = read();
  ASSERT_EQ(reading.segments(), 6u);
  for (int i = 0; i < 10'000 && !HasFatalFailure(); ++i)
    expect_answers_as_a_walk(reading, history.below(20) ? some_filter(3) : "", some_range());
}

TEST_F(EventSearches, SeeWhatHasLandedSinceWhileItGrowsAndAcrossRestarts) {
  open();
  for (int round = 0; round < 60 && !HasFatalFailure(); ++round) {
    add(history.below(90) + 1);
    if (history.below(4) == 0) open();
    if (history.below(3) == 0)
      while (index->follow()) {
      }
    const auto reading = read();
    ASSERT_EQ(reading.last_sequence(), events.size());
    for (int i = 0; i < 10; ++i) expect_answers_as_a_walk(reading, some_filter(2), some_range());
  }
}

TEST_F(EventSearches, KeepTheirAnswersWhenFewSegmentsFitIntoMemory) {
  add(2'000);
  options.memory_bytes = 1;
  open();
  const auto reading = read();
  for (int i = 0; i < 200 && !HasFatalFailure(); ++i) expect_answers_as_a_walk(reading, some_filter(2), some_range());
}

TEST_F(EventSearches, BuildTheSameBytesAgain) {
  add(1'000);
  open();
  read();
  std::vector<std::string> before;
  for (std::size_t n = 0; n < 3; ++n) before.push_back(*store->get(account, n));
  index.reset();
  store.reset();
  std::filesystem::remove_all(directory + "/index");
  open();
  EXPECT_FALSE(store->get(account, 0));
  read();
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(*store->get(account, n), before[n]) << n;
}

TEST_F(EventSearches, BuildSegmentsAgainThatAreDamagedOrGone) {
  add(1'000);
  open();
  read();
  const auto good = *store->get(account, 1);
  store->put(account, 1, "damaged");
  open();
  EXPECT_EQ(read().segment(1)->encode(), good);
  EXPECT_EQ(*store->get(account, 1), good);
  EXPECT_NE(index->status().last_error, "") << "it is said";
}

TEST_F(EventSearches, BuildAgainWhatBelongsToAnotherHistory) {
  add(600);
  open();
  read();
  // As if an older copy of everything else had been put back, and other things had happened since.
  index.reset();
  events.clear();
  views.reset();
  std::filesystem::remove_all(directory + "/views");
  views = std::make_unique<projections::Views>(projections::ViewOptions{.directory = directory + "/views"});
  add(300);
  open();
  const auto reading = read();
  ASSERT_EQ(reading.last_sequence(), 300u);
  for (int i = 0; i < 50 && !HasFatalFailure(); ++i) expect_answers_as_a_walk(reading, some_filter(2), some_range());
}

TEST_F(EventSearches, AreGivenUpWhenTheyTakeTooLong) {
  add(600);
  open();
  const auto reading = read();
  const EventSearch late(reading, *views, account, parsed("id co \"a\""), {}, EventSearch::Clock::now());
  EXPECT_THROW(late.count({}), SearchTooCostly);
}

TEST_F(EventSearches, DontWaitForAnIndexThatIsFarBehind) {
  add(1'000);
  open();
  EXPECT_FALSE(index->read(account, EventSearch::Clock::now())) << "a chunk of 100 is taken in, which isn't all";
  EXPECT_EQ(index->status().events, 100u);
  EXPECT_EQ(read().last_sequence(), 1'000u);
}

TEST_F(EventSearches, SayHowFarTheIndexIs) {
  add(1'000);
  open();
  EXPECT_TRUE(index->follow());
  EXPECT_EQ(index->status().events, 100u);
  EXPECT_EQ(index->status().behind, 900u);
  while (index->follow()) {
  }
  EXPECT_EQ(index->status().behind, 0u);
  EXPECT_EQ(index->status().followed, views->positions());
  EXPECT_EQ(index->status().events, 1'000u);
}

}  // namespace
}  // namespace countersign::queries
