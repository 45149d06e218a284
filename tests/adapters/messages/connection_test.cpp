#include "adapters/messages/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <thread>

#include "adapters/messages/sms.h"
#include "adapters/messages/smtp.h"

namespace countersign::messages {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Connections come to be, because the kernel takes them, and nothing on them is ever read or answered.
class Deaf {
 public:
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
};

/// Reads one request to its end, and answers nothing.
class Mute {
 public:
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void read_request() {
    acceptor_.accept(socket_);
    std::string request;
    asio::read_until(socket_, asio::dynamic_buffer(request), "\r\n\r\n");
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  tcp::socket socket_{io_};
};

const push::EgressRules& loopback() {
  static const push::EgressRules rules({"127.0.0.0/8"});
  return rules;
}

ConnectionTarget plain(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port, .tls = ConnectionTls::none};
}

constexpr TransportLimits short_limits{std::chrono::seconds(3), std::chrono::seconds(3)};

TEST(Connections, MoreThanTheSystemTakesIsNotWritten) {
  const Deaf deaf;
  Connection connection(loopback(), short_limits, {});
  ASSERT_EQ(connection.open(plain(deaf.port())), "");
  EXPECT_EQ(connection.write(std::string(64 << 20, 'x')), "not done within 3 s");
}

TEST(Connections, AWaitForAnAnswerEnds) {
  const Deaf deaf;
  Connection connection(loopback(), short_limits, {});
  ASSERT_EQ(connection.open(plain(deaf.port())), "");
  EXPECT_EQ(connection.write("hello"), "");
  const auto got = connection.read_some();
  EXPECT_EQ(got.error, "not done within 3 s");
  EXPECT_FALSE(got.ended);
}

TEST(Connections, ANameThatLeadsBeyondLoopbackNeedsTls) {
  Connection connection(push::EgressRules({"0.0.0.0/0"}), short_limits, {});
  const auto error = connection.open({.host = "192.0.2.1", .port = 25, .tls = ConnectionTls::none});
  EXPECT_NE(error.find("192.0.2.1 is beyond loopback"), std::string::npos) << error;
}

TEST(Connections, AStopBeforeAnythingIsSaid) {
  const Deaf deaf;
  std::stop_source stop;
  stop.request_stop();
  Connection connection(loopback(), {}, stop.get_token());
  EXPECT_NE(connection.open({.smtp = true, .host = "127.0.0.1", .port = deaf.port(), .tls = ConnectionTls::starttls})
                .find("stopped"),
            std::string::npos);
}

SmsGateway gateway_at(std::uint16_t port) {
  SmsGateway gateway;
  gateway.shape = SmsShape::kannel;
  gateway.url = "http://127.0.0.1:" + std::to_string(port) + "/";
  gateway.from = gateway.user = gateway.password = "x";
  return gateway;
}

TEST(Stopping, EndsAWaitForTheGatewaysAnswerAsUnknown) {
  Mute mute;
  const auto sms = make_sms(gateway_at(mute.port()), loopback(), {});
  std::optional<Result> result;
  std::jthread worker([&](const std::stop_token& stop) {
    result = sms->send({"msg_1", "+4915123456767", "", "123456", ""}, stop);
  });
  mute.read_request();
  worker.request_stop();
  worker.join();
  ASSERT_TRUE(result);
  ASSERT_TRUE(std::holds_alternative<Unknown>(*result));
  EXPECT_EQ(std::get<Unknown>(*result).reason, "stopped");
}

TEST(Stopping, BeforeTheBeginSendsNothing) {
  const Deaf deaf;
  const auto sms = make_sms(gateway_at(deaf.port()), loopback(), {});
  std::stop_source stop;
  stop.request_stop();
  const auto result = sms->send({"msg_1", "+4915123456767", "", "123456", ""}, stop.get_token());
  EXPECT_TRUE(std::holds_alternative<Later>(result));
}

TEST(Stopping, EndsAWaitForTheMailServersGreetingAsLater) {
  const Deaf deaf;
  SmtpServer server;
  server.host = "127.0.0.1";
  server.port = deaf.port();
  server.ehlo_name = "node.example.com";
  server.sender.address = "no-reply@example.org";
  const auto smtp = make_smtp(server, loopback(), {}, [] { return 0; });
  std::optional<Result> result;
  std::jthread worker([&](const std::stop_token& stop) {
    result = smtp->send({"msg_1", "anna@example.com", "Password", "123456", ""}, stop);
  });
  worker.request_stop();
  worker.join();
  ASSERT_TRUE(result);
  ASSERT_TRUE(std::holds_alternative<Later>(*result));
  EXPECT_NE(std::get<Later>(*result).reason.find("stopped"), std::string::npos);
}

TEST(Sending, ByManyThreadsAtATime) {
  const Deaf deaf;
  const auto sms = make_sms(gateway_at(deaf.port()), loopback(), short_limits);
  std::array<std::optional<Result>, 8> results;
  {
    std::vector<std::jthread> workers;
    for (auto& result : results)
      workers.emplace_back([&] { result = sms->send({"msg_1", "+4915123456767", "", "123456", ""}, {}); });
  }
  for (const auto& result : results)
    EXPECT_FALSE(std::holds_alternative<Accepted>(*result) || std::holds_alternative<Refused>(*result));
}

}  // namespace
}  // namespace countersign::messages
