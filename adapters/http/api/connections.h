#pragma once
// What redeemed codes brought: devices, access tokens, sessions.

#include "adapters/commands/session_activity.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class Connections {
 public:
  Connections(Reads& reads, Writes& writes, commands::SessionActivity& activity)
      : reads_(reads), writes_(writes), activity_(activity) {}

  boost::asio::awaitable<Response> list_devices(Exchange& exchange);
  boost::asio::awaitable<Response> get_device(Exchange& exchange);
  boost::asio::awaitable<Response> rename_device(Exchange& exchange);
  boost::asio::awaitable<Response> revoke_device(Exchange& exchange);
  boost::asio::awaitable<Response> list_tokens(Exchange& exchange);
  boost::asio::awaitable<Response> get_token(Exchange& exchange);
  boost::asio::awaitable<Response> revoke_token(Exchange& exchange);
  boost::asio::awaitable<Response> list_sessions(Exchange& exchange);
  boost::asio::awaitable<Response> get_session(Exchange& exchange);
  boost::asio::awaitable<Response> end_session(Exchange& exchange);
  boost::asio::awaitable<Response> end_user_sessions(Exchange& exchange);

 private:
  struct Found {
    std::shared_ptr<const domain::User> user;
    std::shared_ptr<const domain::Activation> ended;
    const domain::Activation* activation = nullptr;
  };
  static std::optional<Found> find(const domain::State& state, domain::AccountId account, const domain::Uuid& id);
  std::optional<Found> find(domain::AccountId account, const domain::Uuid& id) const;
  using RenderOne =
      std::function<boost::json::object(const domain::Activation&, const domain::User&, domain::AccountId)>;
  boost::asio::awaitable<Response> get_one(Exchange& exchange, std::optional<domain::Uuid> id, std::string_view what,
                                           RenderOne render);
  using Wanted = std::function<bool(const domain::Activation&)>;
  boost::asio::awaitable<Response> list(Exchange& exchange, std::function<Wanted(const Query&)> wanted,
                                        RenderOne render);
  RenderOne device() const;
  RenderOne token() const;
  RenderOne session() const;

  Reads& reads_;
  Writes& writes_;
  commands::SessionActivity& activity_;
};

}  // namespace countersign::http
