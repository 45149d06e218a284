#include "adapters/http/api/reads.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <chrono>

#include "adapters/keys/rfc4648.h"

namespace countersign::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_items = 1000;
constexpr std::size_t tag_bytes = 12;

Problem unreadable_query() {
  return {.status = 400, .code = "invalid-parameter", .detail = "The query is not valid UTF-8 or percent-encoding."};
}

Problem bad_cursor() {
  return bad_parameter("after", "not a cursor of this list and filter");
}

}  // namespace

std::optional<domain::UserId> user_wanted(const Query& query) {
  const auto text = query.text("user_id");
  if (!text) return std::nullopt;
  const auto id = domain::UserId::parse(*text);
  if (!id) throw bad_parameter("user_id", "not the id of a user");
  return id;
}

std::optional<Problem> unknown_parameter(const Exchange& exchange) {
  const auto parameters = exchange.request().query_parameters();
  if (!parameters) return unreadable_query();
  const auto& known = exchange.route().query;
  for (const auto& [name, value] : *parameters)
    if (std::ranges::find(known, name) == known.end()) return bad_parameter(name, "there is no such parameter");
  return std::nullopt;
}

std::variant<Query, Problem> Query::parse(const Exchange& exchange, const keys::Lookup& lookup) {
  Query query;
  auto parameters = exchange.request().query_parameters();
  if (!parameters) return unreadable_query();
  query.parameters_ = std::move(*parameters);
  query.lookup_ = &lookup;
  if (const auto* caller = exchange.caller<Caller>()) query.account_ = caller->account;
  const auto& known = exchange.route().query;
  std::vector<const Request::Parameter*> bound;
  std::string_view after;
  for (std::size_t i = 0; i < query.parameters_.size(); ++i) {
    const auto& [name, value] = query.parameters_[i];
    if (std::ranges::find(known, name) == known.end()) return bad_parameter(name, "there is no such parameter");
    for (std::size_t j = 0; j < i; ++j)
      if (query.parameters_[j].first == name) return bad_parameter(name, "it is given twice");
    if (name == "limit") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit_);
      if (error != std::errc() || end != value.data() + value.size() || query.limit_ < 1 || query.limit_ > most_items)
        return bad_parameter(name, "a number from 1 to 1000 is expected");
    } else if (name == "after") {
      after = value;
    } else {
      bound.push_back(&query.parameters_[i]);
    }
  }
  std::ranges::sort(bound, {}, [](const Request::Parameter* parameter) { return parameter->first; });
  const auto bind = [&](std::string_view text) {
    query.bound_.append(std::to_string(text.size())).append(1, ':').append(text);
  };
  bind(exchange.request().path);
  for (const auto* parameter : bound) {
    bind(parameter->first);
    bind(parameter->second);
  }
  if (after.empty()) return query;
  const auto bytes = after.size() <= 512 ? keys::parse_base64url(after) : std::nullopt;
  if (!bytes || bytes->size() <= tag_bytes) return bad_cursor();
  query.after_ = bytes->substr(tag_bytes);
  const auto expected = query.tag(query.after_);
  if (!bus::equal_constant_time(expected, std::string_view(*bytes).substr(0, tag_bytes))) return bad_cursor();
  return query;
}

std::string Query::tag(std::string_view key) const {
  const auto digest = lookup_->digest(keys::LookupKind::page_cursor, account_, bound_ + "after:" + std::string(key));
  return std::string(domain::view(digest).substr(0, tag_bytes));
}

std::optional<std::string_view> Query::text(std::string_view name) const {
  for (const auto& [known, value] : parameters_)
    if (known == name) return value;
  return std::nullopt;
}

std::string Query::cursor(std::string_view key) const {
  return keys::base64url(tag(key) + std::string(key));
}

std::string Query::next_target(const Exchange& exchange, std::string_view cursor) const {
  std::string target(exchange.request().path);
  target += '?';
  // Parameters other than `after` as the client sent them.
  std::string_view rest = exchange.request().query;
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (!part.starts_with("after=") && !part.empty()) target.append(part).append(1, '&');
  }
  return target.append("after=").append(cursor);
}

Reads::Reads(const commands::Published& state, projections::Views& views, const commands::Partitions& partitions,
             queries::SealOpener& opener, const keys::Lookup& lookup, std::function<domain::UnixMs()> clock,
             std::size_t threads)
    : state_(state),
      views_(views),
      partitions_(partitions),
      opener_(opener),
      lookup_(lookup),
      clock_(std::move(clock)),
      pool_(threads) {}

Reads::~Reads() {
  stop();
}

void Reads::stop() {
  pool_.stop();
}

boost::asio::awaitable<Response> Reads::at_position(Exchange& exchange, const AnswerLater& answer) {
  auto behind = co_await reach_min_position(exchange);
  if (behind) co_return exchange.problem(*behind);
  co_return co_await answer(exchange);
}

Response Reads::with_position(Exchange& exchange, const AnswerNow& answer) {
  const auto account = exchange.caller<Caller>()->account;
  auto response = answer(exchange);
  if (response.status() == 200) response.header("Countersign-Position", queries::text_of(position(account)));
  return response;
}

boost::asio::awaitable<Response> Reads::with_position(Exchange& exchange, const AnswerLater& answer) {
  const auto account = exchange.caller<Caller>()->account;
  auto response = co_await answer(exchange);
  if (response.status() == 200) response.header("Countersign-Position", queries::text_of(position(account)));
  co_return response;
}

boost::asio::awaitable<std::optional<Problem>> Reads::reach_min_position(Exchange& exchange) {
  const auto& request = exchange.request();
  if (!request.has_header("Countersign-Min-Position")) co_return std::nullopt;
  const auto wanted = queries::parse_position(request.header("Countersign-Min-Position"));
  const auto& cluster = partitions_.at(0).identity().cluster;
  const bool ours = wanted && wanted->log.partition < partitions_.count() &&
                    std::equal(wanted->log.cluster.begin(), wanted->log.cluster.begin() + 8, cluster.begin());
  if (!ours)
    co_return Problem{.status = 400,
                      .code = "invalid-position",
                      .detail = "Countersign-Min-Position is not a position of this server's log."};
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto& partition = partitions_.at(wanted->log.partition);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (auto pause = 1ms; partition.durable_frame() < wanted->frame; pause = std::min(2 * pause, 50ms)) {
    if (std::chrono::steady_clock::now() > until)
      co_return Problem{.status = 503,
                        .code = "position-not-reached",
                        .detail = "This node has not reached Countersign-Min-Position within 5 s.",
                        .retry_after_s = 1};
    timer.expires_after(pause);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  co_return std::nullopt;
}

boost::asio::awaitable<void> Reads::landed(domain::AccountId account) {
  if (!domain::is_system_account(account)) co_return co_await landed(partitions_.of(account));
  for (auto* partition : partitions_) co_await landed(*partition);
}

boost::asio::awaitable<void> Reads::landed(bus::Partition& partition) {
  const auto wanted = partition.durable_frame();
  if (partition.landed_frame() >= wanted) co_return;
  auto initiate = [&partition, wanted](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    partition.when_landed(wanted,
                          [executor, shared](auto&&...) { boost::asio::post(executor, [shared] { (*shared)(); }); });
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(std::move(initiate),
                                                                                     boost::asio::use_awaitable);
}

boost::asio::awaitable<Response> Reads::list(Exchange& exchange, Fill fill) {
  auto parsed = query(exchange);
  if (const auto* problem = std::get_if<Problem>(&parsed)) co_return exchange.problem(*problem);
  const Caller caller = *exchange.caller<Caller>();
  co_await landed(caller.account);
  const auto wanted = std::make_shared<const Query>(std::get<Query>(std::move(parsed)));
  auto work = [wanted, caller, fill = std::move(fill)] {
    std::pair<Page, std::optional<Problem>> result;
    try {
      fill(result.first, *wanted, caller);
    } catch (const Problem& problem) {
      result.second = problem;
    }
    return result;
  };
  auto [page, problem] = co_await on_pool(std::move(work));
  if (problem) co_return exchange.problem(*problem);
  boost::json::object body{{"items", std::move(page.items)}, {"next", nullptr}, {"has_more", page.has_more}};
  std::string next;
  if (page.has_more) {
    next = wanted->cursor(page.last_key);
    body["next"] = next;
  }
  auto response = Response::json(200, boost::json::serialize(body));
  if (page.has_more) response.header("Link", "<" + wanted->next_target(exchange, next) + ">; rel=\"next\"");
  response.header("Countersign-Position", queries::text_of(position(caller.account))).no_store();
  co_return response;
}

}  // namespace countersign::http
