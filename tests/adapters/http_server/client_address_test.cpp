#include "adapters/http/server/client_address.h"

#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

std::string client(const TrustedProxies& proxies, const std::string& peer, std::vector<std::string> forwarded) {
  Request request;
  for (const std::string& value : forwarded) request.headers.push_back({"x-forwarded-for", value});
  return proxies.client_of(boost::asio::ip::make_address(peer), request).to_string();
}

TEST(ClientAddress, IsThePeerUnlessThePeerIsTrusted) {
  const TrustedProxies none, some({"10.0.0.0/8", "fd00::/8", "192.0.2.1"});
  EXPECT_EQ(client(none, "10.1.1.1", {"1.2.3.4"}), "10.1.1.1");
  EXPECT_EQ(client(some, "11.1.1.1", {"1.2.3.4"}), "11.1.1.1");
  EXPECT_EQ(client(some, "10.1.1.1", {"1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(client(some, "fd12::1", {"2001:db8::1"}), "2001:db8::1");
  EXPECT_EQ(client(some, "192.0.2.1", {"1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(client(some, "192.0.2.2", {"1.2.3.4"}), "192.0.2.2");
}

TEST(ClientAddress, IsReadFromTheEndAndOnlyAsFarAsTrustGoes) {
  const TrustedProxies some({"10.0.0.0/8"});
  EXPECT_EQ(client(some, "10.1.1.1", {"6.6.6.6, 1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(client(some, "10.1.1.1", {"6.6.6.6, 1.2.3.4, 10.2.2.2"}), "1.2.3.4");
  EXPECT_EQ(client(some, "10.1.1.1", {"6.6.6.6", "1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(client(some, "10.1.1.1", {"nonsense"}), "10.1.1.1");
  EXPECT_EQ(client(some, "10.1.1.1", {"1.2.3.4, nonsense"}), "10.1.1.1");
  EXPECT_EQ(client(some, "10.1.1.1", {""}), "10.1.1.1");
  EXPECT_EQ(client(some, "10.1.1.1", {"10.3.3.3"}), "10.3.3.3");
  EXPECT_EQ(client(some, "10.1.1.1", {"::ffff:1.2.3.4"}), "1.2.3.4");
}

TEST(ClientAddress, RefusesWhatIsNoCidr) {
  for (const char* bad : {"", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost", "10.0.0.0/8x"}) {
    EXPECT_THROW(TrustedProxies({bad}), std::invalid_argument) << bad;
  }
}

TEST(ClientAddress, ReachesTheHandler) {
  ServerOptions options;
  options.trusted_proxies = TrustedProxies({"127.0.0.1"});
  test::TestServer trusting(test::common_routes(), options), plain;
  EXPECT_EQ(trusting.ask(test::get("/client", "X-Forwarded-For: 203.0.113.9\r\n")).body, "203.0.113.9");
  EXPECT_EQ(plain.ask(test::get("/client", "X-Forwarded-For: 203.0.113.9\r\n")).body, "127.0.0.1");
  EXPECT_EQ(trusting.ask(test::get("/hello", "X-Request-Id: abc-1\r\n")).header("X-Request-Id"), "abc-1");
  EXPECT_NE(trusting.ask(test::get("/hello", "X-Request-Id: a b\r\n")).header("X-Request-Id"), "a b");
  EXPECT_NE(plain.ask(test::get("/hello", "X-Request-Id: abc-1\r\n")).header("X-Request-Id"), "abc-1");
}

}  // namespace
}  // namespace countersign::http
