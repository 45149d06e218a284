#pragma once
// What nodes of two clusters are made of: keys, certificates with any clock, and a server that only nodes may talk to.

#include "adapters/cluster/node_certificate.h"
#include "adapters/cluster/node_uri.h"
#include "tests/adapters/http_server/test_server.h"

namespace countersign::cluster::test {

inline keys::Key key_filled_with(std::uint8_t byte) {
  std::array<std::uint8_t, keys::Key::size_bytes> bytes;
  bytes.fill(byte);
  return keys::Key(bytes);
}

inline const keys::Key our_key = key_filled_with(0x5a), other_key = key_filled_with(0xa5);

/// Of a node whose clock is wrong by `off`.
inline std::unique_ptr<NodeCertificate> certificate_of(const std::string& node, std::chrono::hours off = {},
                                                       const keys::Key& key = our_key) {
  return std::make_unique<NodeCertificate>(key, node, [off] { return std::chrono::system_clock::now() + off; });
}

/// /who: the peer's id. /hops: what it says of hops. /echo: the body.
inline std::vector<http::Route> node_routes() {
  auto routes = http::test::common_routes();
  routes.push_back(http::test::row(http::Verb::get, "/who", "who", [](http::Exchange& exchange) {
    return http::test::text_response(node_of(exchange.request().peer_uri));
  }));
  routes.push_back(http::test::row(http::Verb::get, "/hops", "hops", [](http::Exchange& exchange) {
    return http::test::text_response(std::string(exchange.request().header("Countersign-Hops")));
  }));
  return routes;
}

/// A node's port for the others.
class InnerServer {
 public:
  explicit InnerServer(std::unique_ptr<NodeCertificate> certificate, std::vector<http::Route> routes = node_routes())
      : certificate_(std::move(certificate)), server_(std::move(routes), options()) {}

  std::uint16_t port() const { return server_.port(); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port());
  }
  http::test::TestServer& server() { return server_; }

 private:
  http::ServerOptions options() {
    http::ServerOptions options;
    options.tls = [this] { return certificate_->current(); };
    options.trusted_proxies = http::TrustedProxies({"::/0"});
    options.limits.header_timeout = std::chrono::milliseconds(2'000);
    return options;
  }

  std::unique_ptr<NodeCertificate> certificate_;
  http::test::TestServer server_;
};

}  // namespace countersign::cluster::test
