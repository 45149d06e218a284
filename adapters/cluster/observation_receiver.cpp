#include "adapters/cluster/observation_receiver.h"

#include "adapters/cluster/node_uri.h"
#include "adapters/http/api/caller.h"

namespace countersign::cluster {

http::Route ObservationReceiver::route() {
  http::Route route{.verb = http::Verb::post,
                    .path = observations_path,
                    .operation = "take_observations",
                    .roles = http::public_route,
                    .now = [this](http::Exchange& exchange) { return take(exchange); }};
  route.max_body_bytes = most_batch_bytes;
  return route;
}

http::Response ObservationReceiver::take(const http::Exchange& exchange) {
  if (!is_from_node(exchange.request()))
    return exchange.problem({.status = 403, .code = "forbidden", .detail = "Only nodes of this cluster are heard."});
  const auto parsed = parse_observations(exchange.body(), partitions_.count(), clock_());
  if (const auto* problem = std::get_if<http::Problem>(&parsed)) return exchange.problem(*problem);
  const auto& batch = std::get<ObservationBatch>(parsed);
  // Who loses the partition after this tells the next owner, as of what he has observed himself.
  if (!partitions_.at(batch.partition).owns())
    return exchange.problem({.status = 409,
                             .code = "not-owner",
                             .detail = "This node does not own partition " + std::to_string(batch.partition) + "."});
  if (is_new(batch.id)) add(into_, batch.observations);
  return http::Response(204);
}

bool ObservationReceiver::is_new(const domain::Uuid& batch) {
  constexpr std::size_t most = 100'000;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  while (!oldest_.empty() && (oldest_.size() >= most || now - oldest_.front().first > remembered_for)) {
    known_.erase(oldest_.front().second);
    oldest_.pop_front();
  }
  if (!known_.insert(batch).second) return false;
  oldest_.emplace_back(now, batch);
  return true;
}

}  // namespace countersign::cluster
