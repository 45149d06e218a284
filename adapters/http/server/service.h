#pragma once
// What all connections of a server share: routes, limits, hooks. And what all connections of one thread share: its
// io_context and the sweep that looks after deadlines four times a second, instead of a timer for each operation.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "adapters/http/server/client_address.h"
#include "adapters/http/server/exchange.h"
#include "adapters/http/server/limits.h"
#include "adapters/http/server/wire.h"

namespace countersign::http {

/// What the access log may know: no query, no headers, nothing secret.
struct AccessRecord {
  Verb verb;
  const Route* route;  ///< none: no row fitted
  unsigned status;
  std::chrono::microseconds duration;
  std::uint64_t bytes_in, bytes_out;  ///< bodies
  const boost::asio::ip::address& peer;
  const boost::asio::ip::address& client;
  std::string_view correlation_id;
  std::string_view peer_uri;  ///< Request::peer_uri
  bool complete;              ///< the answer was handed to the socket as a whole
};

/// Called on the connections' threads; must not block.
struct Hooks {
  /// Before the body is read: who asks, may he? A response refuses.
  std::function<std::optional<Response>(Exchange&)> admit;
  std::function<void(const AccessRecord&)> on_answered;
  /// A handler threw; the client gets 500 internal-error.
  std::function<void(std::string_view correlation_id, const Route& route, std::string_view what)> on_failure;
};

struct Service {
  Router router;
  Limits limits;
  TrustedProxies trusted_proxies;
  Hooks hooks;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};

  Service(std::vector<Route> routes, const Limits& some_limits, TrustedProxies proxies, Hooks some_hooks)
      : router(std::move(routes)),
        limits(some_limits),
        trusted_proxies(std::move(proxies)),
        hooks(std::move(some_hooks)) {}
};

class SweptConnection
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~SweptConnection() = default;
  virtual void sweep(Clock::time_point now) = 0;
  /// Ends when idle, else after its exchange.
  virtual void begin_stop() = 0;
  /// Ends whatever it does.
  virtual void abort() = 0;
};

class Worker {
 public:
  Worker();
  boost::asio::io_context& context() { return context_; }
  void add(SweptConnection& connection) { connections_.push_back(connection); }
  void begin_sweeping();
  void for_each(const std::function<void(SweptConnection&)>& call);
  void end_sweeping() { timer_.cancel(); }

 private:
  // Destroying the context destroys the connections that are left, which leave the list: it must outlive them.
  boost::intrusive::list<SweptConnection, boost::intrusive::constant_time_size<false>> connections_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_;
};

}  // namespace countersign::http
