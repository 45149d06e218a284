#pragma once
// The owner's end of what other nodes have observed of its accounts: each batch (observation_text.h) is added to what
// this node has observed itself, so that it is coalesced and written with it.
//
// Promise: a batch is added whole, or not at all; a repeat of one that was added in the last `remembered_for` changes
// nothing. Limits: 100,000 batches are remembered.
// Concurrency: any thread.

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <set>

#include "adapters/cluster/observation_text.h"
#include "adapters/http/server/exchange.h"

namespace countersign::cluster {

inline constexpr const char* observations_path = "/cluster/observations";

class ObservationReceiver {
 public:
  static constexpr auto remembered_for = std::chrono::minutes(10);

  ObservationReceiver(const commands::Partitions& partitions, const commands::Observed& into,
                      std::function<domain::UnixMs()> clock)
      : partitions_(partitions), into_(into), clock_(std::move(clock)) {}

  /// For the port of nodes only. The receiver must outlive it. 204: it has the batch; 409: it isn't the owner.
  http::Route route();

 private:
  http::Response take(const http::Exchange& exchange);
  bool is_new(const domain::Uuid& batch);

  const commands::Partitions& partitions_;
  const commands::Observed into_;
  const std::function<domain::UnixMs()> clock_;
  std::mutex mutex_;
  std::set<domain::Uuid> known_;
  std::deque<std::pair<std::chrono::steady_clock::time_point, domain::Uuid>> oldest_;  ///< of `known_`, first
};

}  // namespace countersign::cluster
