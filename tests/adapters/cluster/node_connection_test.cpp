#include "adapters/cluster/node_connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include "tests/adapters/cluster/nodes.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

struct Opened {
  asio::io_context io;
  std::shared_ptr<asio::ssl::context> context;
  std::unique_ptr<NodeConnection> connection;
  std::string why;
};

/// From "node-2", which looks for "node-1" there.
std::unique_ptr<Opened> open(const std::string& url, std::chrono::milliseconds limit = 10s,
                             std::unique_ptr<NodeCertificate> as = test::certificate_of("node-2")) {
  auto opened = std::make_unique<Opened>();
  opened->context = as->current();
  opened->connection = std::make_unique<NodeConnection>(opened->io.get_executor(), *opened->context);
  auto opening = opened->connection->open(*parse_node_address(url), "node-1", limit);
  auto ended = asio::co_spawn(opened->io, std::move(opening), asio::use_future);
  while (ended.wait_for(0s) != std::future_status::ready) opened->io.run_one();
  opened->why = ended.get();
  return opened;
}

TEST(NodeAddress, IsHttpsWithHostAndPort) {
  const auto address = [](const char* url) {
    const auto parsed = parse_node_address(url);
    return parsed ? parsed->host + " " + std::to_string(parsed->port) : "";
  };
  EXPECT_EQ(address("https://10.1.2.3:8421"), "10.1.2.3 8421");
  EXPECT_EQ(address("https://[fd00::1]:8421"), "fd00::1 8421");
  EXPECT_EQ(address("https://node_1.example.com:443"), "node_1.example.com 443");
  for (const char* url :
       {"", "http://10.1.2.3:8421", "https://10.1.2.3", "https://10.1.2.3:0", "https://10.1.2.3:65536",
        "https://0.0.0.0:8421", "https://[::]:8421", "https://:8421", "https://a@node-1:8421", "https://node-1:8421/",
        "https://node-1:8421?a", "https://node-1:8421#a", "node-1:8421"})
    EXPECT_EQ(address(url), "") << url;
}

TEST(NodeConnection, FindsTheNodeByAddressOrName) {
  test::InnerServer server(test::certificate_of("node-1"));
  EXPECT_EQ(open(server.url())->why, "");
  EXPECT_EQ(open(server.url("localhost"))->why, "");
}

TEST(NodeConnection, RefusesWhoeverElseIsThere) {
  test::InnerServer another(test::certificate_of("node-9")),
      foreign(test::certificate_of("node-1", 0h, test::other_key)), expired(test::certificate_of("node-1", -49h)),
      early(test::certificate_of("node-1", 49h));
  http::test::TestServer plain;
  const auto at = [](std::uint16_t port) { return "https://127.0.0.1:" + std::to_string(port); };
  struct Case {
    std::string url, why;
  };
  for (const auto& [url, why] :
       {Case{another.url(), "another node is there: node-9"},
        {foreign.url(), "it has no certificate of this cluster: certificate signature failure"},
        {expired.url(), "it has no certificate of this cluster: certificate has expired"},
        {early.url(), "it has no certificate of this cluster: certificate is not yet valid"},
        {at(plain.port()), "TLS: "},
        {at(1), "Connection refused"},
        {"https://nowhere.invalid:8421", "nowhere.invalid: "}}) {
    const auto said = open(url)->why;
    EXPECT_NE(said.find(why), std::string::npos) << url << ": " << said;
    EXPECT_EQ(said.find(test::our_key.view()), std::string::npos);
    EXPECT_EQ(said.find("PRIVATE KEY"), std::string::npos);
  }
}

TEST(NodeConnection, GivesUpWhenNobodyAnswers) {
  asio::io_context io;
  const tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  const auto url = "https://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  EXPECT_EQ(open(url, 50ms)->why, "not connected within 50 ms");
}

TEST(NodeConnection, IsQuietUntilTheOtherEndDoesSomething) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  const auto context = test::certificate_of("node-1")->current();
  for (const bool says_goodbye : {true, false}) {
    asio::ssl::stream<tcp::socket> end(io, *context);
    std::thread serving([&] {
      acceptor.accept(end.next_layer());
      end.handshake(asio::ssl::stream_base::server);
    });
    const auto opened = open("https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()));
    serving.join();
    ASSERT_EQ(opened->why, "");
    EXPECT_TRUE(opened->connection->is_quiet()) << "nothing follows a handshake";
    if (says_goodbye) {
      end.async_shutdown([](const boost::system::error_code&) {});
      io.poll();
      io.restart();
    } else {
      end.next_layer().close();
    }
    while (opened->connection->is_quiet()) std::this_thread::sleep_for(1ms);
  }
}

}  // namespace
}  // namespace countersign::cluster
