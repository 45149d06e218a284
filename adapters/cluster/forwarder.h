#pragma once
// Sends a request on to the node that owns what it is about, and its answer back, so that any node behind any load
// balancer serves everything.
//
// Operation: the request goes as it came (method, target, headers, body, also the Idempotency-Key), with the client's
// address, the correlation id and the number of hops beside it; the other node admits it anew. Connections are kept.
// Promise: what may have been done and has no answer is answered 503 outcome-unknown, never sent a second time.
// Security: mutual TLS, and the owner's node id must be the one that its claim names (node_connection.h).
// Limits: 2 hops; an answer's head within `answer_within`; bodies pass through in pieces of 64 KiB; 64 connections are
// kept for each thread and node.
// Concurrency: any thread; a connection stays on the io_context that opened it.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/cluster/node_certificate.h"
#include "adapters/cluster/node_connection.h"
#include "adapters/http/server/exchange.h"
#include "bus/partition.h"

namespace countersign::cluster {

inline constexpr const char* hops_header = "Countersign-Hops";
inline constexpr int most_hops = 2;

struct ForwarderOptions {
  std::chrono::milliseconds connect_within{2'000};
  std::chrono::milliseconds answer_within{30'000};
  std::chrono::milliseconds keep_idle{20'000};
  /// No connection to a node could be had; at most once in ten seconds for each. On a connection's thread.
  std::function<void(const std::string& node, const std::string& address, const std::string& why)> on_unreachable;
};

class Forwarder {
 public:
  /// `certificate` must outlive it.
  Forwarder(NodeCertificate& certificate, ForwarderOptions options)
      : certificate_(certificate), options_(std::move(options)) {}

  /// To the partition's owner. Nothing: it could not be reached, or owns the partition no longer, and nothing was done.
  boost::asio::awaitable<std::optional<http::Response>> forward(http::Exchange& exchange, bus::Owner owner,
                                                                std::string this_node);

 private:
  struct Idle {
    std::unique_ptr<NodeConnection> connection;
    std::chrono::steady_clock::time_point since;
  };
  struct Place {
    const void* io_context;
    std::string node, address;
    auto operator<=>(const Place&) const = default;
  };

  boost::asio::awaitable<std::unique_ptr<NodeConnection>> connect(const Place& place,
                                                                  boost::asio::any_io_executor executor);
  std::unique_ptr<NodeConnection> take_idle(const Place& place);
  void keep(const Place& place, std::unique_ptr<NodeConnection> connection);
  void report(const Place& place, const std::string& why);

  NodeCertificate& certificate_;
  const ForwarderOptions options_;
  std::mutex mutex_;
  std::map<Place, std::vector<Idle>> idle_;
  std::map<std::string, std::chrono::steady_clock::time_point> next_report_;  ///< by node
};

}  // namespace countersign::cluster
