#include "adapters/http/api/events.h"

#include "adapters/directory/text_checks.h"
#include "adapters/queries/event_page.h"
#include "adapters/queries/rfc3339.h"
#include "adapters/queries/stored_event.h"

namespace countersign::http {
namespace {

constexpr std::size_t most_looked_at = 3'000'000;  // for one page
constexpr std::size_t most_opened = 100'000;       // likewise, when each is opened to look for words

std::string sequence_key(std::uint64_t sequence) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(sequence >> shift);
  return key;
}

std::uint64_t parse_sequence(std::string_view key) {
  std::uint64_t sequence = 0;
  for (const char c : key) sequence = sequence << 8 | static_cast<std::uint8_t>(c);
  return sequence;
}

queries::EventFilter read_filter(const Query& query) {
  auto parsed = queries::EventFilter::parse(query.text("filter").value_or(""));
  if (const auto* error = std::get_if<queries::FilterError>(&parsed))
    throw Problem{.status = 400,
                  .code = "invalid-filter",
                  .detail = "The filter is not valid at character " + std::to_string(error->position + 1) + ": " +
                            error->detail + "."};
  return std::get<queries::EventFilter>(parsed);
}

std::string read_words(const Query& query) {
  const auto words = query.text("q").value_or("");
  if (words.size() > 200) throw bad_parameter("q", "at most 200 bytes are expected");
  return directory::fold_case(words);
}

std::optional<domain::UnixMs> read_time(const Query& query, std::string_view name) {
  const auto text = query.text(name);
  if (!text) return std::nullopt;
  const auto time = queries::parse_rfc3339(*text);
  if (!time) throw bad_parameter(name, "a time such as 2026-11-23T03:00:00Z is expected");
  return time;
}

/// The first sequence whose time is at or after `time`: times never go back, so halving finds it.
std::uint64_t first_at(const projections::Views& views, domain::AccountId account, std::uint64_t last,
                       domain::UnixMs time) {
  std::uint64_t low = 1, high = last + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    domain::UnixMs found = 0;
    views.events_from(account, middle, [&](std::string_view bytes, bus::FrameNumber frame) {
      found = queries::stored_event(bytes, frame).time();
      return false;
    });
    if (found < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace

boost::asio::awaitable<Response> Events::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    if (const auto named = query.text("account"); named && *named != account_text(caller.account))
      throw no_such("account");
    const auto filter = read_filter(query);
    const auto since = read_time(query, "since"), until = read_time(query, "until");
    const auto words = read_words(query);
    const auto sort = query.text("sort").value_or("desc");
    if (sort != "desc" && sort != "asc") throw bad_parameter("sort", "desc or asc is expected");
    const auto state = reads_.state();
    const auto account = state.account(caller.account);
    if (!account) return;
    std::uint64_t first = 1, last = account->last_sequence;
    if (since) first = first_at(reads_.views(), caller.account, last, *since);
    if (until) last = first_at(reads_.views(), caller.account, last, *until) - 1;
    if (!query.after().empty()) {
      const auto after = parse_sequence(query.after());
      if (sort == "desc")
        last = std::min(last, after - 1);
      else
        first = std::max(first, after + 1);
    }
    if (first > last) return;
    queries::EventRenderer renderer(state, reads_.opener(), reads_.log());
    queries::EventPage walk(query.limit(), words.empty() ? most_looked_at : most_opened);
    const auto matches = [&](const domain::EventView& event) {
      return filter.matches(event) &&
             (words.empty() || directory::fold_case(renderer.search_text(event)).find(words) != std::string::npos);
    };
    const auto take = [&](std::string_view bytes, bus::FrameNumber frame) {
      const auto event = queries::stored_event(bytes, frame);
      if (event.sequence() < first || event.sequence() > last) return false;
      const auto verdict = walk.look(event.sequence(), matches(event));
      if (verdict == queries::EventPage::Verdict::take) page.items.push_back(renderer.render(event, frame));
      return verdict != queries::EventPage::Verdict::stop;
    };
    if (sort == "desc")
      reads_.views().events_back(caller.account, last, take);
    else
      reads_.views().events_from(caller.account, first, take);
    page.has_more = walk.has_more();
    page.last_key = sequence_key(walk.last_sequence());
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Events::get(Exchange& exchange) {
  const auto id = domain::EventId::parse(exchange.parameter());
  const auto account_id = exchange.caller<Caller>()->account;
  if (!id) co_return exchange.problem(no_such("event"));
  co_await reads_.landed();
  auto work = [this, id, account_id] {
    std::string found;
    const auto state = reads_.state();
    const auto account = state.account(account_id);
    if (!account) return found;
    // An event's id holds its batch's time: it stands among that millisecond's events.
    domain::UnixMs time = 0;
    for (std::size_t i = 0; i < 6; ++i) time = time << 8 | id->uuid.bytes[i];
    const auto first = first_at(reads_.views(), account_id, account->last_sequence, time);
    reads_.views().events_from(account_id, first, [&](std::string_view bytes, bus::FrameNumber frame) {
      const auto event = queries::stored_event(bytes, frame);
      if (event.time() > time) return false;
      if (event.id() != *id) return true;
      found = boost::json::serialize(queries::EventRenderer(state, reads_.opener(), reads_.log()).render(event, frame));
      return false;
    });
    return found;
  };
  auto body = co_await reads_.on_pool(std::move(work));
  if (body.empty()) co_return exchange.problem(no_such("event"));
  co_return Response::json(200, std::move(body));
}

}  // namespace countersign::http
