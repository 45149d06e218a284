#include "adapters/http/api/introspection.h"

#include "adapters/commands/draw.h"
#include "adapters/http/api/rendering.h"
#include "adapters/keys/rfc4648.h"

namespace countersign::http {
namespace {

/// The form's token; a problem when the form isn't one (RFC 7662, 2.1: invalid_request).
std::variant<std::string, Problem> token_of(const Exchange& exchange) {
  const auto problem = [](std::string detail) {
    return Problem{.status = 400, .code = "invalid-request", .detail = std::move(detail)};
  };
  auto form = Request::parse_parameters(exchange.body());
  if (!form) return problem("The body is not a form (application/x-www-form-urlencoded).");
  std::optional<std::string> token;
  for (auto& [name, value] : *form) {
    if (name != "token") continue;  // token_type_hint and what else a client sends may be ignored
    if (token) return problem("The parameter 'token' stands twice.");
    token = std::move(value);
  }
  if (!token || token->empty()) return problem("The parameter 'token' is missing.");
  return std::move(*token);
}

}  // namespace

Response Introspection::introspect(Exchange& exchange) {
  auto token = token_of(exchange);
  if (const auto* problem = std::get_if<Problem>(&token)) return exchange.problem(*problem);
  const auto answer = [](std::string body) { return Response::json(200, std::move(body)).no_store(); };
  const auto inactive = [&] { return answer(R"({"active":false})"); };

  const auto& text = std::get<std::string>(token);
  if (!domain::is_bearer(domain::BearerKind::access_token, text)) return inactive();
  const auto account = exchange.caller<Caller>()->account;
  if (reads_.partitions().shared() && reads_.partitions().of(account).behind() > commands::stale_after)
    return exchange.problem({.status = 503,
                             .code = "stale-replica",
                             .detail = "This node has not heard from its log lately: ask another one.",
                             .retry_after_s = 1});
  const auto state = reads_.state();
  const auto entry = state.find(commands::digest_of(reads_.lookup(), domain::BearerKind::access_token, text));
  if (!entry || entry->kind != domain::PartyKind::token || entry->account != account) return inactive();
  const auto user = state.user(account, entry->user);
  const auto* activation = user ? user->activation(entry->id) : nullptr;
  const auto now = reads_.now();
  if (!activation || user->disabled || !activation->session_live(now)) return inactive();
  activity_.seen(account, user->id, activation->session_id(), activation->session_seen_at, now);

  const auto profile = reads_.opener().profile(account, user->id, user->profile);
  const auto* name = !profile ? "" : profile->login_name.empty() ? profile->email.c_str() : profile->login_name.c_str();
  ShortLived memory;
  boost::json::object body({{"active", true},
                            {"sub", user->id.text()},
                            {"username", name},
                            {"client_id", activation->device_id().text()},
                            {"session_id", activation->session_id().text()},
                            {"token_type", "Bearer"},
                            {"iat", activation->activated_at / 1000}},
                           memory.storage());
  if (const auto ends = activation->ends_at(); ends != 0) body["exp"] = ends / 1000;
  if (activation->key_thumbprint != domain::Digest{})
    body["cnf"] = {{"jkt", keys::base64url(domain::view(activation->key_thumbprint))}};
  return answer(boost::json::serialize(body));
}

boost::asio::awaitable<Response> Introspection::revoke(Exchange& exchange) {
  auto token = token_of(exchange);
  if (const auto* problem = std::get_if<Problem>(&token)) co_return exchange.problem(*problem);
  const auto& text = std::get<std::string>(token);
  if (!domain::is_bearer(domain::BearerKind::access_token, text)) co_return Response::json(200, "{}");
  domain::RevokeBearer command;
  command.token = commands::digest_of(reads_.lookup(), domain::BearerKind::access_token, text);
  WriteOptions<domain::RevokeBearer> options;
  options.idempotent = false;  // revoking twice is revoking
  options.slot = domain::bearer_slot(domain::BearerKind::access_token, text);
  co_return co_await writes_.run<domain::RevokeBearer>(
      exchange, std::move(command),
      [](const domain::Ends&, const domain::State&) { return json_answer(200, boost::json::object{}); },
      std::move(options));
}

}  // namespace countersign::http
