// Filters over events: the grammar as a table, precedence, errors with their places, and a property against an
// evaluator that is too simple to be wrong.

#include "adapters/queries/event_filter.h"

#include <gtest/gtest.h>

#include <random>

#include "adapters/queries/correlation.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "tests/support/ledger.h"

namespace countersign::queries {
namespace {

using testing::uuid_of;

struct Event {
  domain::EventType type = domain::EventType::device_revoked;
  std::uint64_t sequence = 42;
  domain::UnixMs time = *parse_rfc3339("2026-11-23T03:00:00Z");
  bool failed = false;
  domain::Reason reason = domain::Reason::by_administrator;
  domain::Party actor = domain::party(domain::ApiKeyId{uuid_of("key")});
  domain::Party subject = domain::party(domain::UserId{uuid_of("ada")});
  domain::Uuid correlation{};

  std::string bytes() const {
    domain::NewEvent event{.type = type, .subject = subject, .reason = reason};
    if (failed) event.outcome = domain::Outcome::failure;
    domain::EventStamp stamp{.id = {uuid_of("event")},
                             .account = {uuid_of("acc")},
                             .sequence = sequence,
                             .time = time,
                             .actor = actor,
                             .correlation = correlation};
    return domain::encode_event(domain::encode_clear(event, stamp), "");
  }
};

bool matches(const std::string& filter, const Event& event = {}) {
  const auto parsed = EventFilter::parse(filter);
  if (const auto* error = std::get_if<FilterError>(&parsed)) {
    ADD_FAILURE() << filter << ": " << error->position << ": " << error->detail;
    return false;
  }
  const auto bytes = event.bytes();
  return std::get<EventFilter>(parsed).matches(*domain::EventView::parse(bytes));
}

TEST(EventFilter, FindsARequestByTheReferenceThatItsClientSaw) {
  for (const std::string reference :
       {"0123456789abcdef0123456789abcdef", "req-42.A", "0123456789ABCDEF0123456789ABCDEF"}) {
    const Event event{.correlation = correlation_uuid(reference)};
    EXPECT_TRUE(matches("correlation_id eq \"" + reference + '"', event)) << reference;
    EXPECT_FALSE(matches("correlation_id ne \"" + reference + '"', event)) << reference;
    EXPECT_FALSE(matches(R"(correlation_id eq "another")", event)) << reference;
    EXPECT_TRUE(matches("correlation_id sw \"" + correlation_text(event.correlation).substr(0, 8) + '"', event));
  }
  EXPECT_TRUE(matches(R"(correlation_id eq "")"));
}

TEST(EventFilter, SeesTheSeverityThatAnEventIsShownWith) {
  const Event rescue{.type = domain::EventType::api_key_created, .reason = domain::Reason::rescue};
  EXPECT_TRUE(matches(R"(severity eq "critical")", rescue));
  EXPECT_FALSE(matches(R"(severity eq "medium")", rescue));
  EXPECT_TRUE(matches(R"(severity eq "medium")", {.type = domain::EventType::api_key_created}));
}

TEST(EventFilter, ComparesWhatTheTableSays) {
  const auto ada = domain::UserId{uuid_of("ada")}.text();
  const std::vector<std::pair<std::string, bool>> table = {
      {"", true},
      {"   ", true},
      {R"(type eq "device.revoked")", true},
      {R"(type eq "DEVICE.Revoked")", true},
      {R"(TYPE Eq "device.revoked")", true},
      {R"(type ne "device.revoked")", false},
      {R"(type sw "device.")", true},
      {R"(type ew "revoked")", true},
      {R"(type co "ice.rev")", true},
      {R"(type co "token")", false},
      {R"(type gt "device.renamed")", true},
      {R"(type lt "device.renamed")", false},
      {R"(sub_type eq "Device")", true},
      {R"(action eq "revoked")", true},
      {R"(severity eq "medium")", true},
      {"sequence eq 42", true},
      {"sequence ne 42", false},
      {"sequence gt 41", true},
      {"sequence ge 42", true},
      {"sequence lt 42", false},
      {"sequence le 42", true},
      {"sequence eq \"42\"", true},
      {"sequence pr", true},
      {R"(time eq "2026-11-23T03:00:00Z")", true},
      {R"(time ge "2026-11-23T04:00:00+01:00")", true},
      {R"(time lt "2026-11-23T03:00:00.001Z")", true},
      {R"(time gt "2026-11-23T03:00:00Z")", false},
      {"time gt 2026-11-22T03:00:00Z", true},
      {R"(outcome eq "success")", true},
      {R"(outcome.result eq "failure")", false},
      {R"(outcome.reason eq "by_administrator")", true},
      {"actor eq \"" + domain::ApiKeyId{uuid_of("key")}.text() + '"', true},
      {R"(actor.type eq "api_key")", true},
      {"subject eq \"" + ada + '"', true},
      {"subject.id sw \"usr_\"", true},
      {R"(subject.type eq "user")", true},
      {"subject pr", true},
      {"target pr", false},
      {"not (target pr)", true},
      {"session_id pr", false},
      {R"(type eq "a\"b\\c\/d")", false},
      {R"(type eq "device.\u0072evoked")", true},
      {R"(type eq "a\nb\tc")", false},
      {"target eq null", true},
      {"target ne NULL", false},
      {"subject eq null", false},
      {"subject ne null and not (session_id ne null)", true},
      {"sequence eq null", false},
  };
  for (const auto& [filter, expected] : table) EXPECT_EQ(matches(filter), expected) << filter;
}

TEST(EventFilter, AndBindsTighterThanOr) {
  EXPECT_TRUE(matches("sequence eq 42 or sequence eq 1 and sequence eq 2"));
  EXPECT_TRUE(matches("sequence eq 2 and sequence eq 1 or sequence eq 42"));
  EXPECT_FALSE(matches("(sequence eq 42 or sequence eq 1) and sequence eq 2"));
  EXPECT_FALSE(matches("not (sequence eq 42) and sequence eq 42"));
  EXPECT_FALSE(matches("not (sequence eq 42 or sequence eq 1)"));
  EXPECT_TRUE(matches("((sequence eq 42))"));
  EXPECT_TRUE(matches("SEQUENCE EQ 42 AND NOT (sequence eq 1)"));
}

TEST(EventFilter, SaysWhereItIsWrong) {
  const std::vector<std::pair<std::string, std::size_t>> table = {
      {"type", 4},
      {"type is \"a\"", 5},
      {"nonsense eq 1", 0},
      {"type eq", 7},
      {"type eq device", 8},
      {"type eq \"device", 15},
      {"sequence eq x", 12},
      {"sequence eq 99999999999999999999", 12},
      {"sequence co 1", 11},
      {"time eq \"yesterday\"", 8},
      {"sequence eq 1 and", 17},
      {"sequence eq 1 sequence eq 2", 14},
      {"(sequence eq 1", 14},
      {"sequence eq 1)", 13},
      {"not sequence eq 1", 4},
      {"sequence eq 1 and and sequence eq 2", 18},
      {"type eq \"a\\q\"", 8},
      {"type sw null", 8},
      {"\xff", 0},
  };
  for (const auto& [filter, position] : table) {
    const auto parsed = EventFilter::parse(filter);
    const auto* error = std::get_if<FilterError>(&parsed);
    ASSERT_TRUE(error) << filter;
    EXPECT_EQ(error->position, position) << filter << ": " << error->detail;
    EXPECT_FALSE(error->detail.empty());
  }
}

TEST(EventFilter, HasLimits) {
  const auto refused = [](const std::string& filter) { return EventFilter::parse(filter).index() == 1; };
  std::string deep = "sequence pr", many = "sequence pr";
  for (int i = 0; i < 31; ++i) deep = "(" + deep + ")";
  EXPECT_FALSE(refused(deep));
  EXPECT_TRUE(refused("(" + deep + ")"));
  EXPECT_TRUE(refused(std::string(4000, '(')));
  for (int i = 0; i < 99; ++i) many += " or sequence pr";
  EXPECT_FALSE(refused(many));
  EXPECT_TRUE(refused(many + " or sequence pr"));
  EXPECT_TRUE(refused("type eq \"" + std::string(4096, 'a') + '"'));
}

/// A filter as text, and what it must say about an event.
struct Sentence {
  std::string text;
  std::function<bool(const Event&)> holds;
};

class Sentences {
 public:
  explicit Sentences(std::uint64_t seed) : random_(seed) {}

  Sentence any(int depth) {
    if (depth == 0 || below(3) == 0) return comparison();
    auto left = any(depth - 1);
    if (below(4) == 0) return {"not (" + left.text + ")", [=](const Event& e) { return !left.holds(e); }};
    auto right = any(depth - 1);
    const bool both = below(2);
    return {"(" + left.text + (both ? ") and (" : ") or (") + right.text + ")",
            [=](const Event& e) { return both ? left.holds(e) && right.holds(e) : left.holds(e) || right.holds(e); }};
  }
  Event event() {
    static const std::vector<domain::EventType> types{domain::EventType::device_revoked,
                                                      domain::EventType::user_created, domain::EventType::token_issued};
    Event out;
    out.type = types[below(types.size())];
    out.sequence = below(5);
    out.time += static_cast<domain::UnixMs>(below(5)) * 1000;
    out.failed = below(2);
    return out;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  Sentence comparison() {
    static const std::vector<std::pair<std::string, std::function<bool(std::int64_t, std::int64_t)>>> orders = {
        {"eq", [](auto a, auto b) { return a == b; }}, {"ne", [](auto a, auto b) { return a != b; }},
        {"gt", [](auto a, auto b) { return a > b; }},  {"ge", [](auto a, auto b) { return a >= b; }},
        {"lt", [](auto a, auto b) { return a < b; }},  {"le", [](auto a, auto b) { return a <= b; }}};
    const auto& [name, holds] = orders[below(orders.size())];
    const auto order = holds;
    switch (below(4)) {
      case 0: {
        const auto number = static_cast<std::int64_t>(below(5));
        return {"sequence " + name + " " + std::to_string(number),
                [=](const Event& e) { return order(static_cast<std::int64_t>(e.sequence), number); }};
      }
      case 1: {
        const auto time = Event{}.time + static_cast<domain::UnixMs>(below(5)) * 1000;
        return {"time " + name + " \"" + rfc3339(time) + '"', [=](const Event& e) { return order(e.time, time); }};
      }
      case 2: return {"outcome eq \"failure\"", [](const Event& e) { return e.failed; }};
      default: return {"type sw \"user\"", [](const Event& e) { return e.type == domain::EventType::user_created; }};
    }
  }
  std::mt19937_64 random_;
};

TEST(EventFilter, SaysTheSameAsASimpleEvaluator) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Sentences sentences(seed);
    const auto sentence = sentences.any(4);
    for (int i = 0; i < 10; ++i) {
      const auto event = sentences.event();
      ASSERT_EQ(matches(sentence.text, event), sentence.holds(event)) << "seed " << seed << ": " << sentence.text;
    }
  }
}

}  // namespace
}  // namespace countersign::queries
