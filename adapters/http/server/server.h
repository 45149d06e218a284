#pragma once
// An HTTP/1.1 server (RFC 9110, RFC 9112): accepts connections and spreads them over its threads, each with an
// io_context of its own. Knows routes, not what they mean.
//
// Promise: after stop() no handler runs any more. Limits: see limits.h; a descriptor shortage pauses accepting.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/http/server/service.h"
#include "adapters/http/server/tls.h"

namespace countersign::http {

struct ListenAddress {
  std::string host = "127.0.0.1";  ///< a literal address
  std::uint16_t port = 0;          ///< 0: any
};

struct ServerOptions {
  std::vector<ListenAddress> listen;
  unsigned threads = 0;  ///< 0: one for each core
  Limits limits;
  TrustedProxies trusted_proxies;
  Hooks hooks;
  TlsContexts tls;  ///< none: plain HTTP
};

class Server {
 public:
  Server(std::vector<Route> routes, ServerOptions options);
  ~Server();

  /// Binds and runs. Throws std::runtime_error naming the address that can't be had.
  void start();
  /// In the order of `listen`, with the real ports.
  const std::vector<boost::asio::ip::tcp::endpoint>& endpoints() const { return endpoints_; }
  /// Accepts nothing more, closes idle connections, tells streams to end, waits up to `grace` for exchanges that run,
  /// closes what is left. From any thread but the server's own; a second call does nothing.
  void stop(std::chrono::milliseconds grace);

  const Router& router() const { return service_->router; }
  std::size_t connection_count() const { return service_->connections; }
  /// Of one of the threads, for work that belongs beside the exchanges (timers of streams).
  boost::asio::any_io_executor executor() { return workers_.front()->context().get_executor(); }

 private:
  class Listener;

  std::shared_ptr<Service> service_;
  ServerOptions options_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  std::vector<std::thread> threads_;
};

/// Raises the soft limit of open files to the hard one; returns what it is then.
std::uint64_t raise_open_file_limit();

}  // namespace countersign::http
