// POST /v1/users/{id}/reset and /v1/users/reset. What makes more events than one command may have is done by several:
// each is atomic, and a reset that broke off in between is finished by repeating it.

#include "adapters/http/api/fields.h"
#include "adapters/http/api/users.h"

namespace countersign::http {
namespace {

constexpr std::size_t most_users_at_once = 500;

std::size_t events_of(const domain::State& state, domain::AccountId account, const std::vector<domain::UserId>& ids) {
  std::size_t events = 0;
  for (const auto& id : ids)
    if (const auto user = state.user(account, id)) events += reset_events(*user);
  return events;
}

}  // namespace

boost::asio::awaitable<Response> Users::reset(Exchange& exchange) {
  const auto id = domain::UserId::parse(exchange.parameter());
  if (!id) return ready(exchange.problem(no_such("user")));
  return reset_all(exchange, {*id});
}

boost::asio::awaitable<Response> Users::reset_many(Exchange& exchange) {
  Body body(exchange);
  std::vector<domain::UserId> ids;
  for (const auto& text : body->texts("user_ids", 1, most_users_at_once, {.most = 64})) {
    const auto id = domain::UserId::parse(text);
    if (!id)
      body->invalid("user_ids", "not the id of a user: " + text);
    else
      ids.push_back(*id);
  }
  if (auto problem = body.finish()) return ready(exchange.problem(*problem));
  return reset_all(exchange, std::move(ids));
}

boost::asio::awaitable<Response> Users::reset_all(Exchange& exchange, std::vector<domain::UserId> ids) {
  const auto account = exchange.caller<Caller>()->account;
  std::uint64_t revoked = 0;
  domain::ResetUsers command{std::move(ids)};
  auto progress = std::make_shared<domain::ResetResult>();
  const auto rendered = [&revoked, progress](const domain::ResetResult& result, const domain::State&) {
    *progress = result;
    return json_answer(200, boost::json::object{{"codes_revoked", revoked + result.codes_revoked}});
  };
  const auto in_one = [&] { return events_of(reads_.state(), account, command.ids) <= domain::most_reset_events; };
  if (!in_one() && exchange.request().has_header("Idempotency-Key")) {
    // Only the last command keeps the answer: whether there is one already is asked with a command that does nothing.
    domain::ResetUsers nobody;
    WriteOptions<domain::ResetUsers> options;
    bool replayed = false;
    options.replayed = [&replayed] { replayed = true; };
    auto known = co_await writes_.run<domain::ResetUsers>(exchange, std::move(nobody), rendered, std::move(options));
    if (known.status() != 200 || replayed) co_return known;
  }
  for (bool answer_kept = false;;) {
    WriteOptions<domain::ResetUsers> options;
    options.idempotent = !answer_kept && in_one();
    answer_kept = answer_kept || options.idempotent;
    *progress = {};
    auto next = command;
    auto response = co_await writes_.run<domain::ResetUsers>(exchange, std::move(next), rendered, std::move(options));
    if (response.status() != 200 || progress->left.empty()) co_return response;
    revoked += progress->codes_revoked;
    command = {progress->left, progress->begun};
  }
}

}  // namespace countersign::http
