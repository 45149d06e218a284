#include "adapters/cluster/forwarder.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "tests/adapters/cluster/nodes.h"

namespace countersign::cluster {
namespace {

/// A public server of "node-2" that sends everything on to "node-1". What can't be sent on is answered 503 with what an
/// operator is told.
class Front {
 public:
  explicit Front(std::string address, bool for_nodes = false)
      : certificate_(test::certificate_of("node-2")), forwarder_(*certificate_, noting()) {
    owner_.node = "node-1";
    owner_.address = std::move(address);
    http::ServerOptions server;
    server.threads = 1;
    server.trusted_proxies = http::TrustedProxies({"127.0.0.1"});
    if (for_nodes) server.tls = [this] { return certificate_->current(); };
    std::vector<http::Route> routes;
    for (const char* path : {"/who", "/hops", "/client", "/nothing", "/stream"})
      routes.push_back(on(http::Verb::get, path));
    routes.back().streams_answer = true;
    routes.push_back(on(http::Verb::post, "/echo"));
    server_ = std::make_unique<http::test::TestServer>(std::move(routes), std::move(server));
  }

  ~Front() { server_->server().stop(std::chrono::milliseconds(0)); }

  http::test::Answer ask(const std::string& request) const { return server_->ask(request); }
  std::uint16_t port() const { return server_->port(); }
  void claimed_by(const std::string& node) {
    const std::lock_guard lock(mutex_);
    owner_.node = node;
  }
  std::string told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  ForwarderOptions noting() {
    ForwarderOptions options;
    options.on_unreachable = [this](const std::string& node, const std::string& address, const std::string& why) {
      const std::lock_guard lock(mutex_);
      told_ += node + " at " + address + ": " + why + "\n";
    };
    return options;
  }

  bus::Owner owner() {
    const std::lock_guard lock(mutex_);
    return owner_;
  }

  http::Route on(http::Verb verb, const char* path) {
    return http::test::row_later(verb, path, path,
                                 [this](http::Exchange& exchange) -> boost::asio::awaitable<http::Response> {
                                   const auto now = owner();
                                   auto response = co_await forwarder_.forward(exchange, now, here_);
                                   if (response) co_return std::move(*response);
                                   co_return http::Response(503);
                                 });
  }

  const std::unique_ptr<NodeCertificate> certificate_;
  std::mutex mutex_;
  std::string told_;
  bus::Owner owner_;
  const std::string here_ = "node-2";
  std::unique_ptr<http::test::TestServer> server_;  ///< kept connections live on its threads
  Forwarder forwarder_;
};

http::Route streamed() {
  auto route = http::test::row_later(http::Verb::get, "/stream", "stream",
                                     [](http::Exchange& exchange) -> boost::asio::awaitable<http::Response> {
                                       http::Response head(200, "text/plain", {});
                                       auto error = co_await exchange.begin(std::move(head));
                                       for (int i = 0; i < 3 && !error; ++i) error = co_await exchange.write("piece;");
                                       if (!error) co_await exchange.end();
                                       co_return http::Response();
                                     });
  route.streams_answer = true;
  return route;
}

TEST(Forwarder, TheOwnerAnswersAndKnowsWhoAsks) {
  auto routes = test::node_routes();
  routes.push_back(streamed());
  test::InnerServer owner(test::certificate_of("node-1"), std::move(routes));
  Front front(owner.url("localhost"));
  const auto who = front.ask(http::test::get("/who"));
  EXPECT_EQ(who.status, 200u);
  EXPECT_EQ(who.body, "node-2");
  EXPECT_EQ(front.ask(http::test::get("/client", "X-Forwarded-For: 192.0.2.7\r\n")).body, "192.0.2.7");
  EXPECT_EQ(front.ask(http::test::get("/nothing")).status, 404u);
  EXPECT_EQ(front.ask(http::test::get("/stream")).body, "piece;piece;piece;");
  const std::string body(1 << 20, 'x');
  EXPECT_EQ(front.ask(http::test::post("/echo", body)).body, body);
  EXPECT_EQ(front.told(), "");
}

TEST(Forwarder, ConnectionsAreUsedAgain) {
  test::InnerServer owner(test::certificate_of("node-1"));
  Front front(owner.url());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(front.ask(http::test::get("/who")).body, "node-2");
  EXPECT_EQ(owner.server().server().connection_count(), 1u);
}

TEST(Forwarder, WhatAClientSaysOfHopsMeansNothing) {
  test::InnerServer owner(test::certificate_of("node-1"));
  Front front(owner.url());
  for (const char* hops : {"0", "1", "2", "-1", "nonsense"})
    EXPECT_EQ(front.ask(http::test::get("/hops", "Countersign-Hops: " + std::string(hops) + "\r\n")).body, "1") << hops;
}

TEST(Forwarder, WhatANodeSaysOfHopsCounts) {
  test::InnerServer owner(test::certificate_of("node-1"));
  Front second(owner.url(), true);
  const auto context = test::certificate_of("node-3")->current();
  boost::asio::io_context io;
  const auto hops_after = [&](const std::string& hops) {
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(io, *context);
    stream.lowest_layer().connect({boost::asio::ip::address_v4::loopback(), second.port()});
    stream.handshake(boost::asio::ssl::stream_base::client);
    boost::asio::write(stream, boost::asio::buffer(http::test::get(
                                   "/hops", "Connection: close\r\nCountersign-Hops: " + hops + "\r\n")));
    std::string got;
    boost::system::error_code ended;
    boost::asio::read(stream, boost::asio::dynamic_buffer(got), ended);
    return got.substr(9, 3) + " " + got.back();
  };
  EXPECT_EQ(hops_after("1"), "200 2");
  EXPECT_TRUE(hops_after("2").starts_with("503"));
}

TEST(Forwarder, NothingIsSentToWhoeverIsNotTheOwner) {
  test::InnerServer another(test::certificate_of("node-9")),
      foreign(test::certificate_of("node-1", {}, test::other_key));
  http::test::TestServer plain(test::node_routes());
  const auto at = [](const char* scheme, std::uint16_t port) {
    return scheme + std::string("://127.0.0.1:") + std::to_string(port);
  };
  for (const auto& address : {another.url(), foreign.url(), at("https", plain.port()), at("http", plain.port()),
                              std::string("https://nowhere.invalid:8421"), std::string("nonsense")}) {
    Front front(address);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(front.ask(http::test::get("/who")).status, 503u) << address;
    const auto told = front.told();
    EXPECT_TRUE(told.starts_with("node-1 at " + address + ": ")) << told;
    EXPECT_EQ(std::ranges::count(told, '\n'), 1) << "not for each request: " << told;
  }
  for (auto* server : {&another.server(), &foreign.server(), &plain})
    for (const auto& answered : server->log()) EXPECT_EQ(answered.operation, "") << "no handler ran";
}

TEST(Forwarder, AnAddressThatAnotherNodeHasNowIsNotBelieved) {
  test::InnerServer owner(test::certificate_of("node-1"));
  Front front(owner.url());
  EXPECT_EQ(front.ask(http::test::get("/who")).status, 200u);
  front.claimed_by("node-9");
  EXPECT_EQ(front.ask(http::test::get("/who")).status, 503u) << "though a connection to the address is kept";
  EXPECT_EQ(front.told(), "node-9 at " + owner.url() + ": another node is there: node-1\n");
}

}  // namespace
}  // namespace countersign::cluster
