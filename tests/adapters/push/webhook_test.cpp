#include "adapters/push/webhook_signature.h"
#include "tests/adapters/push/fake_receiver.h"

namespace countersign::push {
namespace {

const std::string secret(32, 'k');

/// The value of a header field of a request; empty: not there.
std::string field(std::string_view request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == request.npos) return {};
  const auto begin = at + name.size() + 4;
  return std::string(request.substr(begin, request.find("\r\n", begin) - begin));
}

bool is_whole(std::string_view request) {
  const auto end = request.find("\r\n\r\n");
  if (end == request.npos) return false;
  return request.size() >= end + 4 + std::stoul(field(request, "Content-Length"));
}

/// Answers each request with the next of the answers, then closes.
FakeReceiver::Behaviour answering(std::vector<std::string> answers) {
  return [answers](Peer& peer) -> asio::awaitable<void> {
    for (const auto& answer : answers) {
      peer.received.clear();
      while (!peer.ended && !is_whole(peer.received)) co_await peer.read_some();
      if (peer.ended) co_return;
      peer.requests.push_back(peer.received);
      co_await peer.write(answer);
    }
  };
}

constexpr auto ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
constexpr auto no_content = "HTTP/1.1 204 No Content\r\n\r\n";

std::unique_ptr<Transport> webhook_to(asio::io_context& io, std::uint16_t port, TransportLimits limits = {},
                                      bool json = true) {
  Receiver receiver;
  receiver.url = "http://127.0.0.1:" + std::to_string(port) + "/in?tenant=1";
  receiver.signing_secret = secret;
  receiver.json = json;
  return make_transport(io.get_executor(), receiver, loopback_allowed(), limits);
}

TEST(Webhook, ABatchIsOneSignedRequest) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering({no_content, ok})});
  const auto transport = webhook_to(io, receiver.port());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto sent = messages(3);
  const auto delivery = result_of(io, transport->deliver(sent));
  EXPECT_EQ(delivery.error, "");
  EXPECT_EQ(delivery.taken, 3U);
  const auto& request = receiver.peers().front()->requests.at(0);
  EXPECT_EQ(request.find("POST /in?tenant=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(receiver.port())), 0U);
  EXPECT_EQ(field(request, "Content-Type"), "application/x-ndjson");
  EXPECT_EQ(field(request, "webhook-id"), "evt_1-3");
  const auto body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_EQ(body, sent[0].line + '\n' + sent[1].line + '\n' + sent[2].line + '\n');
  EXPECT_EQ(field(request, "webhook-signature"),
            webhook_signature(secret, "evt_1-3", std::stoll(field(request, "webhook-timestamp")), body));
  // The next one takes the same connection.
  EXPECT_EQ(result_of(io, transport->deliver(messages(1))).taken, 1U);
  EXPECT_EQ(receiver.peers().size(), 1U);
}

TEST(Webhook, LinesThatAreNoJsonSaySo) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering({ok})});
  const auto transport = webhook_to(io, receiver.port(), {}, false);
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_EQ(result_of(io, transport->deliver(messages(1))).taken, 1U);
  EXPECT_EQ(field(receiver.peers().front()->requests.at(0), "Content-Type"), "text/plain; charset=utf-8");
}

TEST(Webhook, AKeptConnectionThatHasEndedIsOpenedAgain) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering({ok})});
  const auto transport = webhook_to(io, receiver.port());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  for (int time = 0; time < 3; ++time) {
    EXPECT_EQ(result_of(io, transport->deliver(messages(1))).error, "");
    io.poll();
  }
  EXPECT_EQ(receiver.peers().size(), 3U);
}

TEST(Webhook, AnswersWithoutLengthEndWithTheConnection) {
  asio::io_context io;
  FakeReceiver receiver(io,
                        {answering({"HTTP/1.1 200 OK\r\n\r\nwhatever"}),
                         answering({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", ok})});
  const auto transport = webhook_to(io, receiver.port());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  for (int time = 0; time < 3; ++time) EXPECT_EQ(result_of(io, transport->deliver(messages(1))).error, "");
  EXPECT_EQ(receiver.peers().size(), 2U);
}

TEST(Webhook, WhatIsNotTakenIsSaid) {
  const struct {
    std::string answer;
    const char* text;
    std::optional<std::chrono::seconds> pause;
  } rows[] = {
      {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answered 500", {}},
      {"HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n", "answered 429", std::chrono::seconds(17)},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 999999\r\nContent-Length: 0\r\n\r\n", "answered 503",
       std::chrono::seconds(3600)},
      {"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 27 Nov 2026 10:00:00 GMT\r\nContent-Length: 0\r\n\r\n",
       "answered 503",
       {}},
      {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirects", {}},
      {"SSH-2.0-OpenSSH_9.2\r\n", "not understood", {}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "not understood", {}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nOK", "closed", {}},
      {"HTTP/1.1 200", "closed", {}}};
  for (const auto& row : rows) {
    asio::io_context io;
    FakeReceiver receiver(io, {answering({row.answer})});
    const auto transport = webhook_to(io, receiver.port());
    ASSERT_EQ(result_of(io, transport->connect()), "");
    const auto delivery = result_of(io, transport->deliver(messages(2)));
    EXPECT_EQ(delivery.taken, 0U) << row.answer;
    EXPECT_NE(delivery.error.find(row.text), std::string::npos) << delivery.error;
    EXPECT_EQ(delivery.retry_after, row.pause) << row.answer;
    EXPECT_FALSE(transport->connected());
    EXPECT_EQ(receiver.peers().size(), 1U) << row.answer;
  }
}

TEST(Webhook, AReceiverThatHangsIsGivenUp) {
  asio::io_context io;
  FakeReceiver receiver(io, {[](Peer& peer) -> asio::awaitable<void> {
                          while (!peer.ended) co_await peer.read_some();
                        }});
  const auto transport = webhook_to(io, receiver.port(), impatient());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto delivery = result_of(io, transport->deliver(messages(1)));
  EXPECT_EQ(delivery.taken, 0U);
  EXPECT_NE(delivery.error.find("no answer"), std::string::npos) << delivery.error;
}

TEST(Webhook, NobodyListens) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering({ok})});
  const auto port = receiver.port();
  receiver.stop_listening();
  const auto transport = webhook_to(io, port);
  EXPECT_NE(result_of(io, transport->connect()).find("refused"), std::string::npos);
}

}  // namespace
}  // namespace countersign::push
