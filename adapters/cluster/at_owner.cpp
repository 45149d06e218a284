#include "adapters/cluster/at_owner.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include "adapters/cluster/node_uri.h"
#include "adapters/http/api/answers.h"
#include "adapters/http/api/caller.h"
#include "adapters/http/api/writes.h"
#include "adapters/outbox/delivery_reference.h"
#include "domain/secret_text.h"

namespace countersign::cluster {
namespace {

using http::Exchange;
using http::Response;
using http::Route;

/// Which partition a request is for; nothing: whichever this node has.
using Where = std::function<std::optional<std::uint32_t>(const Exchange&)>;

bool only_owner_answers(const Route& route) {
  constexpr std::string_view reads[] = {"get_operation",          "download_registration_codes", "stream_events",
                                        "list_siem_destinations", "get_siem_destination",        "list_api_keys",
                                        "report_delivery_by_get"};
  constexpr std::string_view anywhere[] = {"introspect_token", "create_backup"};
  if (std::ranges::find(anywhere, route.operation) != std::end(anywhere)) return false;
  return route.verb != http::Verb::get || std::ranges::find(reads, route.operation) != std::end(reads);
}

std::optional<std::uint16_t> slot_in(const Exchange& exchange, std::string_view operation) {
  if (operation == "revoke_bearer_token") {
    const auto form = http::Request::parse_parameters(exchange.body());
    if (!form) return std::nullopt;
    for (const auto& [name, value] : *form)
      if (name == "token") return domain::bearer_slot(domain::BearerKind::access_token, value);
    return std::nullopt;
  }
  if (operation == "report_delivery" || operation == "report_delivery_by_get") {
    auto reference = outbox::find_reference(exchange.request().query);
    if (!reference) reference = outbox::find_reference(exchange.body());
    return reference ? std::optional(domain::slot_of(reference->account)) : std::nullopt;
  }
  boost::system::error_code error;
  const auto body = boost::json::parse(exchange.body(), error);
  const auto* object = error ? nullptr : body.if_object();
  const auto text = [&](const char* name) -> std::optional<std::string> {
    const auto* value = object ? object->if_contains(name) : nullptr;
    return value && value->is_string() ? std::optional(std::string(value->as_string())) : std::nullopt;
  };
  if (operation == "redeem_code") {
    const auto typed = text("code");
    const auto code = typed ? domain::parse_code(*typed, nullptr) : std::nullopt;
    return code ? domain::parse_slot(code->substr(0, 2)) : std::nullopt;
  }
  const auto ticket = text("activation_ticket");
  return ticket ? domain::bearer_slot(domain::BearerKind::activation_ticket, *ticket) : std::nullopt;
}

Where where(const Cluster& cluster, const Route& route) {
  const auto count = cluster.partitions.count();
  const std::string operation = route.operation;
  if (route.roles & http::public_route)
    return [count, operation](const Exchange& exchange) -> std::optional<std::uint32_t> {
      const auto slot = slot_in(exchange, operation);
      return slot ? std::optional(domain::partition_of_slot(*slot, count)) : std::nullopt;
    };
  if (operation == "finalize_upgrade")
    return [&cluster](const Exchange& exchange) { return cluster.partitions.number(exchange.parameter()); };
  if (operation == "create_account") return [](const Exchange&) { return std::nullopt; };
  if (operation == "update_account" || operation == "create_rescue_key")
    return [count](const Exchange& exchange) -> std::optional<std::uint32_t> {
      const auto account = domain::AccountId::parse(exchange.parameter());
      return account ? std::optional(domain::partition_of(*account, count)) : std::nullopt;
    };
  return [count](const Exchange& exchange) {
    return std::optional(domain::partition_of(exchange.caller<http::Caller>()->account, count));
  };
}

/// Null: this node answers.
const bus::Partition* elsewhere(const Cluster& cluster, const Exchange& exchange, const Where& where, bool at_owner) {
  if (const auto* caller = exchange.caller<http::Caller>(); caller && caller->at_owner_only)
    return &cluster.partitions.of(caller->account);
  if (!at_owner) return nullptr;
  if (const auto number = where(exchange)) {
    const auto& partition = cluster.partitions.at(*number);
    return partition.owns() ? nullptr : &partition;
  }
  // Any partition will do: one of this node's, else one that somebody has.
  const bus::Partition* owned = nullptr;
  for (const auto* partition : cluster.partitions) {
    if (partition->owns()) return nullptr;
    if (!owned && !partition->owner().address.empty()) owned = partition;
  }
  return owned ? owned : &cluster.partitions.at(0);
}

using Goes = std::function<const bus::Partition*(const Exchange&)>;

/// Here or elsewhere; while ownership moves, whoever asks waits a little for the new owner. What it is given must
/// outlive the exchange.
boost::asio::awaitable<Response> answered(const Cluster& cluster, const Goes& goes, const http::AnswerLater& here,
                                          Exchange& exchange) {
  constexpr auto patience = std::chrono::seconds(5);
  constexpr auto pause = std::chrono::milliseconds(20);
  const bool from_node = is_from_node(exchange.request());
  const auto until = std::chrono::steady_clock::now() + patience;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    const auto* partition = goes(exchange);
    if (partition) {
      const auto owner = partition->owner();
      auto response = co_await cluster.forwarder.forward(exchange, owner, cluster.node);
      if (response) co_return std::move(*response);
    } else {
      auto response = co_await here(exchange);
      const bool moved = response.header_lines().find(http::moved_header) != std::string::npos;
      if (!moved || from_node) co_return response;
    }
    // A body that was streamed is gone, and who forwarded it to us is patient himself.
    if (from_node || exchange.route().streams_request || std::chrono::steady_clock::now() >= until) break;
    timer.expires_after(pause);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  auto response = exchange.problem({.status = 503,
                                    .code = "no-owner",
                                    .detail = "Nothing was changed: no node serves this account at the moment.",
                                    .retry_after_s = 1});
  if (from_node) response.header(http::moved_header, "1");
  co_return response;
}

}  // namespace

std::vector<Route> at_owner(const Cluster& cluster, std::vector<Route> routes) {
  for (auto& route : routes) {
    const bool at_owner = only_owner_answers(route);
    if ((route.roles & http::public_route) && !at_owner) continue;
    const Goes goes = [&cluster, place = where(cluster, route), at_owner](const Exchange& exchange) {
      return elsewhere(cluster, exchange, place, at_owner);
    };
    http::AnswerLater here = route.later;
    if (!here) here = [now = route.now](Exchange& exchange) { return http::ready(now(exchange)); };
    if (route.now)
      route.must_wait = [goes, waits = route.must_wait](const Exchange& exchange) {
        return goes(exchange) != nullptr || (waits && waits(exchange));
      };
    route.later = [&cluster, goes, here](Exchange& exchange) { return answered(cluster, goes, here, exchange); };
  }
  return routes;
}

}  // namespace countersign::cluster
