#include "adapters/http/api/events.h"

#include "adapters/http/api/event_question.h"
#include "adapters/queries/event_page.h"
#include "adapters/queries/stored_event.h"

namespace countersign::http {
namespace {

constexpr std::size_t most_looked_at = 3'000'000;  // for one page

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
    auto question = EventQuestion::read(query, caller, reads_.lookup());
    const auto sort = query.text("sort").value_or("desc");
    if (sort != "desc" && sort != "asc") throw bad_parameter("sort", "desc or asc is expected");
    const bool newest_first = sort == "desc";
    if (!query.after().empty()) {
      const auto after = parse_sequence(query.after());
      if (newest_first)
        question.range.last = after - 1;
      else
        question.range.first = after + 1;
    }
    const auto reading = read_index(index_, caller.account);
    const auto state = reads_.state();
    queries::EventRenderer renderer(state, reads_.opener(), reads_.log(caller.account));
    const auto search = question.search(reading, reads_.views(), caller.account, names_, renderer);
    queries::EventPage walk(query.limit(), most_looked_at);
    const auto take = [&](std::uint64_t sequence) {
      auto verdict = queries::EventPage::Verdict::stop;
      const bool found = search.read(sequence, [&](const domain::EventView& event, bus::FrameNumber frame) {
        const bool matches = search.exact() || search.filter().matches(event);
        verdict = walk.look(sequence, matches);
        if (verdict == queries::EventPage::Verdict::take) page.items.push_back(renderer.render(event, frame));
      });
      if (!found) throw std::runtime_error("event " + std::to_string(sequence) + " can't be read");
      return verdict != queries::EventPage::Verdict::stop;
    };
    try {
      search.walk(newest_first, take);
    } catch (const queries::SearchTooCostly&) {
      if (walk.last_sequence() == 0) throw search_too_costly();
      walk.cut_short();
    }
    page.has_more = walk.has_more();
    page.last_key = sequence_key(walk.last_sequence());
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Events::get(Exchange& exchange) {
  const auto id = domain::EventId::parse(exchange.parameter());
  const auto account_id = exchange.caller<Caller>()->account;
  if (!id) co_return exchange.problem(no_such("event"));
  co_await reads_.landed(account_id);
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
      found = boost::json::serialize(
          queries::EventRenderer(state, reads_.opener(), reads_.log(account_id)).render(event, frame));
      return false;
    });
    return found;
  };
  auto body = co_await reads_.on_pool(std::move(work));
  if (body.empty()) co_return exchange.problem(no_such("event"));
  co_return Response::json(200, std::move(body));
}

}  // namespace countersign::http
