#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/adapters/push/fake_receiver.h"
#include "tests/support/certificate.h"

namespace countersign::push {
namespace {

Receiver syslog(Protocol protocol, std::uint16_t port) {
  Receiver receiver;
  receiver.protocol = protocol;
  receiver.host = "127.0.0.1";
  receiver.port = port;
  return receiver;
}

/// Messages of a counted stream; what isn't counted right ends it.
std::vector<std::string> messages_in(std::string_view stream) {
  std::vector<std::string> found;
  while (!stream.empty()) {
    const auto blank = stream.find(' ');
    if (blank == stream.npos) break;
    const auto length = std::stoul(std::string(stream.substr(0, blank)));
    if (stream.size() < blank + 1 + length) break;
    found.emplace_back(stream.substr(blank + 1, length));
    stream.remove_prefix(blank + 1 + length);
  }
  return found;
}

asio::awaitable<void> listen(Peer& peer) {
  while (!peer.ended) co_await peer.read_some();
}

TEST(Syslog, OverTcpAllCountedAndInOrder) {
  asio::io_context io;
  FakeReceiver receiver(io, {listen});
  const auto transport =
      make_transport(io.get_executor(), syslog(Protocol::syslog_tcp, receiver.port()), loopback_allowed());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto sent = messages(500);
  const auto delivery = result_of(io, transport->deliver(sent));
  EXPECT_EQ(delivery.error, "");
  EXPECT_EQ(delivery.taken, 500U);
  transport->close();
  while (!receiver.peers().front()->ended) io.run_one();
  const auto received = messages_in(receiver.peers().front()->received);
  ASSERT_EQ(received.size(), 500U);
  for (std::size_t at = 0; at < received.size(); ++at) EXPECT_TRUE(received[at].ends_with(sent[at].line));
}

TEST(Syslog, AReceiverThatHasGoneIsNoticedBeforeTheNextMessage) {
  asio::io_context io;
  FakeReceiver receiver(io, {[](Peer& peer) -> asio::awaitable<void> { co_await peer.read_some(); }});
  const auto transport =
      make_transport(io.get_executor(), syslog(Protocol::syslog_tcp, receiver.port()), loopback_allowed());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_EQ(result_of(io, transport->deliver(messages(1))).taken, 1U);
  while (transport->connected()) io.run_one();
  const auto delivery = result_of(io, transport->deliver(messages(1)));
  EXPECT_EQ(delivery.taken, 0U);
  EXPECT_NE(delivery.error, "");
}

TEST(Syslog, AReceiverThatTakesNothingIsGivenUp) {
  asio::io_context io;
  FakeReceiver receiver(io, {[](Peer& peer) -> asio::awaitable<void> {
                          asio::steady_timer long_wait(peer.socket.get_executor(), std::chrono::hours(1));
                          co_await long_wait.async_wait(asio::use_awaitable);
                        }});
  const auto transport =
      make_transport(io.get_executor(), syslog(Protocol::syslog_tcp, receiver.port()), loopback_allowed(), impatient());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  // More than the sockets' buffers hold.
  const auto delivery = result_of(io, transport->deliver(messages(1000, 60'000)));
  EXPECT_LT(delivery.taken, 1000U);
  EXPECT_NE(delivery.error.find("took nothing"), std::string::npos) << delivery.error;
  EXPECT_FALSE(transport->connected());
}

/// A TLS server that reads one connection to its end. `authority`: whose client certificates it demands.
struct TlsListener {
  TlsListener(asio::io_context& io, const testing::Certificate& own, const std::string& authority = {})
      : context(asio::ssl::context::tls_server), acceptor(io, {asio::ip::address_v4::loopback(), 0}) {
    context.use_certificate_chain(asio::buffer(own.certificate));
    context.use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
    if (!authority.empty()) {
      context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
      context.add_certificate_authority(asio::buffer(authority));
    }
    asio::co_spawn(io, run(), asio::detached);
  }
  asio::awaitable<void> run() {
    asio::ssl::stream<tcp::socket> stream(co_await acceptor.async_accept(asio::use_awaitable), context);
    boost::system::error_code error;
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
    while (!error) {
      std::array<char, 4096> room{};
      const auto count =
          co_await stream.async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, error));
      received.append(room.data(), count);
    }
    ended = true;
  }
  asio::ssl::context context;
  tcp::acceptor acceptor;
  std::string received;
  bool ended = false;
};

TEST(Syslog, OverTlsWithBothCertificates) {
  asio::io_context io;
  const auto server = testing::self_signed("server", "IP:127.0.0.1"), client = testing::self_signed("client");
  TlsListener listener(io, server, client.certificate);
  auto receiver = syslog(Protocol::syslog_tls, listener.acceptor.local_endpoint().port());
  receiver.authorities = server.certificate;
  receiver.client_certificate = client.certificate;
  receiver.client_key = client.key;
  const auto transport = make_transport(io.get_executor(), receiver, loopback_allowed());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_EQ(result_of(io, transport->deliver(messages(50))).taken, 50U);
  while (messages_in(listener.received).size() < 50 && !listener.ended) io.run_one();
  transport->close();
  while (!listener.ended) io.run_one();
  EXPECT_EQ(messages_in(listener.received).size(), 50U);
}

TEST(Syslog, ACertificateThatIsNotTrustedOrNamesAnotherIsRefused) {
  const auto right = testing::self_signed("server", "IP:127.0.0.1"), wrong_name = testing::self_signed("server"),
             stranger = testing::self_signed("server", "IP:127.0.0.1");
  const struct {
    const testing::Certificate *own, *trusted;
  } rows[] = {{&stranger, &right}, {&wrong_name, &wrong_name}};
  for (const auto& row : rows) {
    asio::io_context io;
    TlsListener listener(io, *row.own);
    auto receiver = syslog(Protocol::syslog_tls, listener.acceptor.local_endpoint().port());
    receiver.authorities = row.trusted->certificate;
    const auto transport = make_transport(io.get_executor(), receiver, loopback_allowed());
    const auto error = result_of(io, transport->connect());
    EXPECT_NE(error.find("TLS"), std::string::npos) << error;
    EXPECT_FALSE(transport->connected());
    EXPECT_EQ(listener.received, "");
  }
}

TEST(Syslog, OverUdpOneDatagramEach) {
  asio::io_context io;
  asio::ip::udp::socket socket(io, {asio::ip::address_v4::loopback(), 0});
  const auto transport = make_transport(io.get_executor(), syslog(Protocol::syslog_udp, socket.local_endpoint().port()),
                                        loopback_allowed());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto sent = messages(5);
  EXPECT_EQ(result_of(io, transport->deliver(sent)).taken, 5U);
  for (const auto& message : sent) {
    std::string room(65'536, '\0');
    room.resize(socket.receive(asio::buffer(room)));
    EXPECT_TRUE(room.ends_with(message.line)) << room;
    EXPECT_EQ(room.find("<110>1 "), 0U);
  }
  // A line of any length leaves as a datagram.
  EXPECT_EQ(result_of(io, transport->deliver(messages(1, 200'000))).error, "");
}

TEST(Syslog, OverUdpAddressesTakeTheRulesToo) {
  asio::io_context io;
  const auto transport = make_transport(io.get_executor(), syslog(Protocol::syslog_udp, 9), {});
  EXPECT_NE(result_of(io, transport->connect()).find("egress.allow"), std::string::npos);
  EXPECT_FALSE(transport->connected());
}

}  // namespace
}  // namespace countersign::push
