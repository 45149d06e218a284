#include "adapters/http/api/account_log.h"

namespace countersign::http {

namespace json = boost::json;

namespace {

/// As for the list of events: the key's own account, which for the root key is the system account.
std::optional<Problem> refused(const Exchange& exchange, const Reads& reads) {
  const auto query = reads.query(exchange);
  if (const auto* problem = std::get_if<Problem>(&query)) return *problem;
  const auto named = std::get<Query>(query).text("account");
  if (named && *named != account_text(exchange.caller<Caller>()->account)) return no_such("account");
  return std::nullopt;
}

Problem not_yet() {
  return {.status = 503,
          .code = "log-catching-up",
          .detail = "The account's Merkle log is being made from its events.",
          .retry_after_s = 1};
}

Problem contradicts(const notary::Contradiction& contradiction) {
  return {.status = 500,
          .code = "log-contradicts-signature",
          .detail = "Nothing is signed any more: " + contradiction.text + "."};
}

Response octets(std::string bytes) {
  Response response(200, "application/octet-stream", std::move(bytes));
  response.no_store();  // the same path is another account's with another key
  return response;
}

json::object json_of(const notary::Notary::Published& published) {
  return {{"verifier_key", published.key.text()}, {"origin", published.key.name}, {"signed_size", published.size}};
}

}  // namespace

boost::asio::awaitable<Response> AccountLog::checkpoint(Exchange& exchange) {
  if (auto problem = refused(exchange, reads_)) co_return exchange.problem(*problem);
  const auto account = exchange.caller<Caller>()->account;
  co_await reads_.landed(account);  // so that it covers what has been answered
  auto work = [this, account] { return notary_.checkpoint(account); };
  auto made = co_await reads_.on_pool(std::move(work));
  if (std::holds_alternative<notary::NotYet>(made)) co_return exchange.problem(not_yet());
  if (const auto* why = std::get_if<notary::Contradiction>(&made)) co_return exchange.problem(contradicts(*why));
  Response response(200, "text/plain; charset=utf-8", std::get<std::string>(std::move(made)));
  co_return response.no_store();
}

boost::asio::awaitable<Response> AccountLog::look(Exchange& exchange, std::optional<projections::Tile> tile,
                                                  Find find) {
  if (auto problem = refused(exchange, reads_)) co_return exchange.problem(*problem);
  if (!tile) co_return exchange.problem(no_such("tile"));
  const auto account = exchange.caller<Caller>()->account;
  co_await reads_.landed(account);
  auto work = [this, account, find, wanted = *tile] { return (notary_.*find)(account, wanted); };
  auto found = co_await reads_.on_pool(std::move(work));
  if (std::holds_alternative<notary::NotYet>(found)) co_return exchange.problem(not_yet());
  auto& bytes = std::get<std::optional<std::string>>(found);
  co_return bytes ? octets(std::move(*bytes)) : exchange.problem(no_such("tile"));
}

boost::asio::awaitable<Response> AccountLog::tile(Exchange& exchange) {
  constexpr std::string_view entries_below = "entries/";
  const auto path = exchange.parameter();
  if (path.starts_with(entries_below)) return bundle(exchange, path.substr(entries_below.size()));
  return look(exchange, projections::parse_tile(path), &notary::Notary::tile);
}

boost::asio::awaitable<Response> AccountLog::entries(Exchange& exchange) {
  return bundle(exchange, exchange.parameter());
}

boost::asio::awaitable<Response> AccountLog::bundle(Exchange& exchange, std::string_view path) {
  return look(exchange, projections::parse_entries(path), &notary::Notary::entries);
}

boost::asio::awaitable<Response> AccountLog::key(Exchange& exchange) {
  if (auto problem = refused(exchange, reads_)) co_return exchange.problem(*problem);
  const auto account = exchange.caller<Caller>()->account;
  auto work = [this, account] { return notary_.verifier_keys(account); };
  const auto keys = co_await reads_.on_pool(std::move(work));
  auto body = json_of(keys.front());
  json::array former;
  for (std::size_t i = 1; i < keys.size(); ++i) former.push_back(json_of(keys[i]));
  body["former"] = std::move(former);
  co_return Response::json(200, json::serialize(body)).no_store();
}

}  // namespace countersign::http
