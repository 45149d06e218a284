#include "adapters/http/api/writes.h"

#include <algorithm>

#include "adapters/commands/draw.h"
#include "adapters/queries/source_address.h"
#include "bus/errc.h"

namespace countersign::http {
namespace {

constexpr std::size_t shortest_secret_key = 32, longest_key = 255;

Problem bad_key(std::string detail) {
  return {.status = 400, .code = "invalid-idempotency-key", .detail = std::move(detail)};
}

}  // namespace

boost::asio::awaitable<boost::system::error_code> Writes::on_disk(DiskWork work) {
  struct Place {
    explicit Place(std::atomic<std::size_t>& taken) : taken_(taken), number(++taken) {}
    ~Place() { --taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::atomic<std::size_t>& taken_;
    const std::size_t number;
  };
  const Place place(on_disk_);
  if (place.number > most_on_disk_) co_return bus::errc::queue_full;
  co_return co_await disk_.run(std::move(work));
}

domain::Context Writes::context_of(Exchange& exchange) const {
  domain::Context context;
  if (const auto* caller = exchange.caller<Caller>()) {
    context.account = caller->account;
    context.actor = caller->actor;
    context.role = caller->role;
  } else {
    context.actor.kind = domain::PartyKind::source;
  }
  context.correlation = correlation_of(exchange);
  context.ip = exchange.request().client.to_string();
  context.ip_digest = queries::source_digest(lookup_, exchange.request().client);
  context.user_agent = user_agent_of(exchange);
  return context;
}

boost::asio::awaitable<Response> Writes::answer(Exchange& exchange, Submit submit, std::shared_ptr<Rules> rules) {
  commands::Call call;
  call.context = context_of(exchange);
  call.slot = rules->slot;
  const auto& log = partitions_.of(call).identity();
  call.admission = std::move(rules->admission);
  if (rules->idempotent) {
    auto problem = read_idempotency(exchange, *rules, call.idempotency);
    if (problem) co_return exchange.problem(*problem);
  }
  auto start = [&](Callback<Ended> done) { submit(std::move(call), std::move(done)); };
  const auto ended = co_await await_callback<Ended>(start);
  if (ended.refusal && rules->refused) rules->refused(*ended.refusal);
  if (ended.replayed && rules->replayed) rules->replayed();
  if (ended.settlement.error == bus::errc::outcome_unknown && rules->in_doubt) rules->in_doubt();
  co_return to_response(exchange, ended, log, rules->secret);
}

Response moved(const Exchange& exchange, const boost::system::error_code& why) {
  auto response = exchange.problem(problem_of_settlement(why));
  response.header(moved_header, "1");
  return response;
}

Response Writes::to_response(Exchange& exchange, const Ended& ended, const bus::LogIdentity& log, bool secret) const {
  if (const auto& error = ended.settlement.error) {
    const bool elsewhere = error == bus::errc::not_owner || error == bus::errc::stopping;
    return elsewhere && partitions_.shared() ? moved(exchange, error) : exchange.problem(problem_of_settlement(error));
  }
  if (ended.refusal)
    return exchange.problem(ended.retry_after_ms > 0 ? too_many_attempts(ended.retry_after_ms)
                                                     : problem_of(*ended.refusal));
  const auto answer = ended.answer ? *ended.answer : ended.render(state_.reader());
  auto response = answer.body.empty() ? Response(answer.status) : Response::json(answer.status, answer.body);
  response.header("Countersign-Position", queries::text_of({log, ended.settlement.frame}));
  for (const auto& [name, value] : answer.headers) response.header(name, value);
  if (ended.replayed) response.header("Idempotency-Replayed", "true");
  if (secret) response.no_store();
  return response;
}

std::optional<Problem> Writes::read_idempotency(Exchange& exchange, const Rules& rules,
                                                std::optional<commands::Idempotency>& out) const {
  const auto& request = exchange.request();
  if (request.verb != Verb::post || !request.has_header("Idempotency-Key")) return std::nullopt;
  const auto key = request.header("Idempotency-Key");
  const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 127; });
  if (key.empty() || key.size() > longest_key || !printable)
    return bad_key("An Idempotency-Key has 1 to 255 printable ASCII characters.");
  if (rules.secret && key.size() < shortest_secret_key)
    return bad_key("This answer holds secrets: its Idempotency-Key must be a UUID or longer (32 characters at least).");
  auto scope = rules.scope;
  if (const auto* caller = exchange.caller<Caller>(); scope.empty() && caller) {
    scope.append(caller->account.uuid.view()).append(caller->actor.id.view());
    scope.append(text_of(request.verb)).append(1, ' ').append(request.path);
  }
  const std::string_view body = rules.body ? *rules.body : exchange.body();
  out = commands::idempotency_of(lookup_, std::move(scope), key, body, request.query);
  return std::nullopt;
}

}  // namespace countersign::http
