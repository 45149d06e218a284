#include "adapters/http/api/registration_codes.h"

#include "adapters/commands/draw.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/found_code.h"
#include "adapters/http/api/rendering.h"
#include "adapters/http/api/spool.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::http {

using domain::Code;
using domain::CodeStatus;
using domain::User;

namespace {

constexpr std::size_t most_users = 500;
constexpr std::uint64_t most_codes = 900;  // a command makes 1,000 events at most

bool is_admin(const Exchange& exchange) {
  return exchange.caller<Caller>()->role == domain::Role::admin;
}

}  // namespace

boost::asio::awaitable<Response> RegistrationCodes::generate(Exchange& exchange) {
  const auto account_id = exchange.caller<Caller>()->account;
  Body body(exchange);
  domain::GenerateCodes command;
  for (const auto& text : body->texts("user_ids", 1, most_users, {.most = 64})) {
    const auto id = domain::UserId::parse(text);
    if (!id)
      body->invalid("user_ids", "not the id of a user: " + text);
    else if (std::ranges::find(command.users, *id) != command.users.end())
      body->invalid("user_ids", "a user stands twice: " + text);
    else
      command.users.push_back(*id);
  }
  command.codes_per_user =
      static_cast<std::uint32_t>(body->optional_integer("codes_per_user", 1, domain::most_per_user).value_or(1));
  if (command.users.size() * command.codes_per_user > most_codes)
    body->invalid("codes_per_user", "at most 900 codes can be generated at once");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto account = reads_.state().account(account_id);
  command.drawn = commands::draw_codes(reads_.lookup(), account->slot,
                                       command.users.size() * command.codes_per_user + 2, reads_.now());
  WriteOptions<domain::GenerateCodes> options;
  options.secret = true;
  options.hand_out = [](const domain::GeneratedCodes& result) {
    std::vector<commands::HandedOut> handed_out;
    for (const auto& item : result.items) handed_out.push_back({domain::party(item.id), item.user});
    return handed_out;
  };
  auto rendered = [](const domain::GeneratedCodes& result, const domain::State&) {
    boost::json::array items;
    for (const auto& item : result.items)
      items.push_back(boost::json::object{{"id", item.id.text()},
                                          {"user_id", item.user.text()},
                                          {"code", domain::show_code(item.text)},
                                          {"status", "open"},
                                          {"expires_at", queries::rfc3339(item.expires_at)}});
    return json_answer(201, boost::json::object{{"items", std::move(items)}});
  };
  co_return co_await writes_.run<domain::GenerateCodes>(exchange, std::move(command), std::move(rendered),
                                                        std::move(options));
}

boost::asio::awaitable<Response> RegistrationCodes::generate_for_new_users(Exchange& exchange) {
  Body body(exchange);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto account = reads_.state().account(exchange.caller<Caller>()->account);
  if (account->provisioning.method != domain::fb::Method::registration_code)
    co_return exchange.problem(problem_of(
        {domain::RefusalCode::provisioning_method, "The account's users are provisioned by e-mail invitation."}));
  const auto operation = new_operation(exchange, operations::Kind::generate_for_new_users, reads_.now());
  std::optional<std::string> spooled;
  co_return co_await begin_operation(exchange, writes_, operations_, operation, std::move(spooled));
}

// --- look ------------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> RegistrationCodes::get(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::CodeId::parse(exchange.parameter());
  const auto found = id ? find_code(reads_, account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such("registration code"));
  const auto body = render_code(*found, account, reads_.opener(), reads_.now(), is_admin(exchange));
  auto response = Response::json(200, boost::json::serialize(body));
  response.no_store();
  co_return response;
}

boost::asio::awaitable<Response> RegistrationCodes::list(Exchange& exchange) {
  const bool in_clear = is_admin(exchange);
  auto fill = [this, in_clear](Page& page, const Query& query, const Caller& caller) {
    constexpr std::string_view statuses[] = {"open", "reserved", "used", "revoked", "expired"};
    const auto status = query.text("status");
    if (status && std::ranges::find(statuses, *status) == std::end(statuses))
      throw bad_parameter("status", "open, reserved, used, revoked or expired is expected");
    const auto state = reads_.state();
    const auto now = reads_.now();
    const auto take = [&](domain::CodeId id) {
      const auto found = find_code(reads_, caller.account, id);
      if (!found || (status && text_of(effective_status(*found->code, now)) != *status)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render_code(*found, caller.account, reads_.opener(), now, in_clear));
      page.last_key = id.uuid.view();
      return true;
    };
    if (const auto id = user_wanted(query)) {
      const auto user = state.user(caller.account, *id);
      if (!user) return;
      std::vector<domain::CodeId> ids = user->ended_codes;
      for (const auto& code : user->codes) ids.push_back(code.id);
      std::sort(ids.begin(), ids.end());
      for (const auto& code : ids)
        if (code.uuid.view() > query.after() && !take(code)) return;
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::codes, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view key, std::string_view) {
      return take(domain::CodeId{domain::uuid_from(key.substr(prefix.size()))});
    });
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> RegistrationCodes::revoke(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::CodeId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("registration code"));
  co_return co_await writes_.run<domain::RevokeCode>(
      exchange, {*id}, [this, account, id](const domain::CodeRevoked&, const domain::State& state) {
        const auto found = find_code(state, account, *id);
        if (!found) return empty_answer(204);
        return json_answer(200, render_code(*found, account, reads_.opener(), reads_.now(), false));
      });
}

}  // namespace countersign::http
