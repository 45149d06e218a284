#pragma once
// Sends a request on to the node that owns what it is about, and its answer back, so that any node behind any load
// balancer serves everything.
//
// Operation: the request goes as it came (method, target, headers, body, also the Idempotency-Key), with the client's
// address, the correlation id and the number of hops beside it; the other node admits it anew. Connections are kept.
// Promise: what may have been done and has no answer is answered 503 outcome-unknown, never sent a second time.
// Security: nodes know one another by a secret derived from the cluster's keys; plain HTTP, so loopback addresses only.
// Limits: 2 hops; an answer's head within `answer_within`; bodies pass through in pieces of 64 KiB.
// Concurrency: any thread; a connection stays on the io_context that opened it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http/server/exchange.h"
#include "bus/partition.h"

namespace countersign::cluster {

inline constexpr const char* node_header = "Countersign-Node";
inline constexpr const char* hops_header = "Countersign-Hops";
inline constexpr int most_hops = 2;

struct ForwarderOptions {
  std::string secret;  ///< of nodes among themselves, in hexadecimal or base64
  std::chrono::milliseconds connect_within{2'000};
  std::chrono::milliseconds answer_within{30'000};
  std::chrono::milliseconds keep_idle{20'000};
};

class Forwarder {
 public:
  explicit Forwarder(ForwarderOptions options) : options_(std::move(options)) {}

  /// Whether a request comes from a node of this cluster.
  bool is_from_node(const http::Request& request) const;
  /// To the partition's owner. Nothing: it could not be reached, or owns the partition no longer, and nothing was done.
  /// Partition and name must outlive the exchange.
  boost::asio::awaitable<std::optional<http::Response>> forward(http::Exchange& exchange,
                                                                const bus::Partition& partition,
                                                                const std::string& this_node);

 private:
  using Socket = boost::asio::ip::tcp::socket;
  struct Idle {
    std::unique_ptr<Socket> socket;
    std::chrono::steady_clock::time_point since;
  };
  using Place = std::pair<const void*, std::string>;  ///< an io_context and an address
  struct Connection;

  boost::asio::awaitable<std::unique_ptr<Socket>> connect(const Place& place, boost::asio::any_io_executor executor);
  std::unique_ptr<Socket> take_idle(const Place& place);
  void keep(const Place& place, std::unique_ptr<Socket> socket);

  const ForwarderOptions options_;
  std::mutex mutex_;
  std::map<Place, std::vector<Idle>> idle_;
};

/// "http://127.0.0.1:9000" -> host and port; nothing for anything but plain HTTP to a loopback address.
std::optional<boost::asio::ip::tcp::endpoint> node_endpoint(const std::string& address);

}  // namespace countersign::cluster
