#include "adapters/http/api/connections.h"

#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"

namespace countersign::http {

using domain::Activation;
using domain::User;

std::optional<Connections::Found> Connections::find(const domain::State& state, domain::AccountId account,
                                                    const domain::Uuid& id) {
  const auto located = state.locate_activation(account, id);
  if (!located) return std::nullopt;
  Found found{state.user(account, located->user), located->ended_activation};
  if (!found.user) return std::nullopt;
  found.activation = found.ended ? found.ended.get() : found.user->activation(id);
  if (!found.activation) return std::nullopt;
  return found;
}

std::optional<Connections::Found> Connections::find(domain::AccountId account, const domain::Uuid& id) const {
  return reads_.find([&](const auto& state) { return find(state, account, id); });
}

Connections::RenderOne Connections::device() const {
  return [this](const Activation& a, const User& u, domain::AccountId account) {
    return render_device(a, u, account, reads_.opener());
  };
}
Connections::RenderOne Connections::token() const {
  return [this](const Activation& a, const User& u, domain::AccountId) { return render_token(a, u, reads_.now()); };
}
Connections::RenderOne Connections::session() const {
  return [this](const Activation& a, const User& u, domain::AccountId account) {
    return render_session(a, u, account, reads_.opener(), activity_, reads_.now());
  };
}

boost::asio::awaitable<Response> Connections::get_one(Exchange& exchange, std::optional<domain::Uuid> id,
                                                      std::string_view what, RenderOne render) {
  const auto account = exchange.caller<Caller>()->account;
  const auto found = id ? find(account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such(what));
  const auto body = render(*found->activation, *found->user, account);
  auto response = Response::json(200, boost::json::serialize(body));
  if (body.contains("version")) response.header("ETag", etag_of(found->activation->device_version));
  co_return response;
}

boost::asio::awaitable<Response> Connections::get_device(Exchange& exchange) {
  return get_one(exchange, domain::parse_id("dev", exchange.parameter()), "device", device());
}
boost::asio::awaitable<Response> Connections::get_token(Exchange& exchange) {
  return get_one(exchange, domain::parse_id("tok", exchange.parameter()), "token", token());
}
boost::asio::awaitable<Response> Connections::get_session(Exchange& exchange) {
  return get_one(exchange, domain::parse_id("ses", exchange.parameter()), "session", session());
}

// --- lists -----------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Connections::list(Exchange& exchange, std::function<Wanted(const Query&)> wanted,
                                                   RenderOne render) {
  auto fill = [this, wanted = std::move(wanted), render = std::move(render)](Page& page, const Query& query,
                                                                             const Caller& caller) {
    const auto keep = wanted(query);
    const auto state = reads_.state();
    /// False: the page is full.
    const auto take = [&](const domain::Uuid& id, const User& user, const Activation& activation) {
      if (!keep(activation)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(activation, user, caller.account));
      page.last_key = id.view();
      return true;
    };
    if (const auto id = user_wanted(query)) {
      const auto user = state.user(caller.account, *id);
      if (!user) return;
      std::vector<domain::Uuid> ids = user->ended_activations;
      for (const auto& activation : user->activations) ids.push_back(activation.id);
      std::sort(ids.begin(), ids.end());
      for (const auto& activation_id : ids) {
        if (activation_id.view() <= query.after()) continue;
        const auto found = find(caller.account, activation_id);
        if (found && !take(activation_id, *found->user, *found->activation)) return;
      }
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::activations, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view key, std::string_view) {
      const auto id = domain::uuid_from(key.substr(prefix.size()));
      const auto found = find(caller.account, id);
      return !found || take(id, *found->user, *found->activation);
    });
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Connections::list_devices(Exchange& exchange) {
  const auto wanted = [](const Query& query) -> Wanted {
    const auto status = query.text("status");
    if (status && *status != "active" && *status != "revoked")
      throw bad_parameter("status", "active or revoked is expected");
    return [status](const Activation& a) { return !status || a.device_live() == (*status == "active"); };
  };
  return list(exchange, wanted, device());
}

boost::asio::awaitable<Response> Connections::list_tokens(Exchange& exchange) {
  const auto wanted = [this](const Query& query) -> Wanted {
    const auto status = query.text("status");
    if (status && *status != "active" && *status != "revoked" && *status != "expired")
      throw bad_parameter("status", "active, revoked or expired is expected");
    return [status, now = reads_.now()](const Activation& a) { return !status || token_status(a, now) == *status; };
  };
  return list(exchange, wanted, token());
}

boost::asio::awaitable<Response> Connections::list_sessions(Exchange& exchange) {
  const auto wanted = [this](const Query& query) -> Wanted {
    const auto active = query.text("active");
    if (active && *active != "true" && *active != "false") throw bad_parameter("active", "true or false is expected");
    return [active, now = reads_.now()](const Activation& a) {
      return !active || a.session_live(now) == (*active == "true");
    };
  };
  return list(exchange, wanted, session());
}

// --- changes ---------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Connections::rename_device(Exchange& exchange) {
  const auto id = domain::DeviceId::parse(exchange.parameter());
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  const auto name = trimmed(body->text("name"));
  if (name.empty()) body->invalid("name", "it is blank");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  for (int tries = 0;; ++tries) {
    const auto found = id ? find(account, id->uuid) : std::nullopt;
    if (!found) co_return exchange.problem(no_such("device"));
    auto expected = expected_version(exchange, found->activation->device_version);
    if (!expected) co_return exchange.problem(version_mismatch());
    domain::RenameDevice command{*id, {}, *expected};
    if (auto profile = reads_.opener().of_user(account, found->user->id, found->activation->device))
      command.device = std::move(*profile);
    command.has_name = command.device.device_name == name;
    command.device.device_name = name;
    auto response = co_await writes_.run<domain::RenameDevice>(
        exchange, std::move(command),
        [this, account, id](const domain::DeviceWritten& result, const domain::State& state) {
          const auto renamed = find(state, account, id->uuid);
          auto answer =
              renamed ? json_answer(200, device()(*renamed->activation, *renamed->user, account)) : empty_answer(204);
          answer.headers.emplace_back("ETag", etag_of(result.version));
          return answer;
        });
    if (response.status() == 412 && tries < most_merges) continue;
    co_return response;
  }
}

boost::asio::awaitable<Response> Connections::revoke_device(Exchange& exchange) {
  const auto id = domain::DeviceId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("device"));
  const auto account = exchange.caller<Caller>()->account;
  co_return co_await writes_.run<domain::RevokeDevice>(
      exchange, {*id}, [this, account, id](const domain::DeviceWritten&, const domain::State& state) {
        const auto found = find(state, account, id->uuid);
        if (!found) return empty_answer(204);
        auto answer = json_answer(200, device()(*found->activation, *found->user, account));
        answer.headers.emplace_back("ETag", etag_of(found->activation->device_version));
        return answer;
      });
}

boost::asio::awaitable<Response> Connections::revoke_token(Exchange& exchange) {
  const auto id = domain::TokenId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("token"));
  const auto account = exchange.caller<Caller>()->account;
  co_return co_await writes_.run<domain::RevokeToken>(
      exchange, {*id}, [this, account, id](const domain::Ends&, const domain::State& state) {
        const auto found = find(state, account, id->uuid);
        return found ? json_answer(200, token()(*found->activation, *found->user, account)) : empty_answer(204);
      });
}

boost::asio::awaitable<Response> Connections::end_session(Exchange& exchange) {
  const auto id = domain::SessionId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("session"));
  co_return co_await writes_.run<domain::EndSession>(
      exchange, {*id}, [](const domain::Ends&, const domain::State&) { return empty_answer(204); });
}

boost::asio::awaitable<Response> Connections::end_user_sessions(Exchange& exchange) {
  const auto id = domain::UserId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("user"));
  co_return co_await writes_.run<domain::EndUserSessions>(
      exchange, {*id}, [](const domain::Ends& ends, const domain::State&) {
        return json_answer(200, boost::json::object{{"sessions_ended", ends.sessions}});
      });
}

}  // namespace countersign::http
