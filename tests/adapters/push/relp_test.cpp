#include "adapters/push/relp_frame.h"
#include "tests/adapters/push/fake_receiver.h"

namespace countersign::push {
namespace {

/// Answers frames as `answer` says (empty: not at all) until the other side closes.
FakeReceiver::Behaviour answering(std::function<std::string(const RelpFrame&)> answer) {
  return [answer](Peer& peer) -> asio::awaitable<void> {
    RelpReader reader;
    std::size_t read = 0;
    while (!peer.ended) {
      co_await peer.read_some();
      reader.add(std::string_view(peer.received).substr(read));
      read = peer.received.size();
      RelpFrame frame;
      std::string out;
      while (reader.read(frame) == RelpReader::State::frame) out += answer(frame);
      if (!out.empty()) co_await peer.write(out);
    }
  };
}

std::string response(const RelpFrame& to, std::string_view status) {
  std::string text;
  append_relp_frame(text, to.number, "rsp", status);
  return text;
}

std::string ok(const RelpFrame& to) {
  return response(to, "200 OK");
}

std::unique_ptr<Transport> relp_to(asio::io_context& io, std::uint16_t port, TransportLimits limits = {}) {
  Receiver receiver;
  receiver.protocol = Protocol::relp;
  receiver.host = "127.0.0.1";
  receiver.port = port;
  return make_transport(io.get_executor(), receiver, loopback_allowed(), limits);
}

TEST(Relp, DeliversAllInOrder) {
  asio::io_context io;
  std::vector<std::string> lines;
  FakeReceiver receiver(io, {answering([&](const RelpFrame& frame) {
                          if (frame.command == "syslog") lines.push_back(frame.data);
                          return ok(frame);
                        })});
  const auto transport = relp_to(io, receiver.port());
  EXPECT_FALSE(transport->connected());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_TRUE(transport->connected());
  const auto sent = messages(1000);
  const auto delivery = result_of(io, transport->deliver(sent));
  EXPECT_EQ(delivery.error, "");
  EXPECT_EQ(delivery.taken, 1000U);
  ASSERT_EQ(lines.size(), 1000U);
  for (std::size_t at = 0; at < lines.size(); ++at) EXPECT_TRUE(lines[at].ends_with(sent[at].line));
  EXPECT_EQ(receiver.peers().size(), 1U);
}

TEST(Relp, NoMoreThanTheWindowWaitsForItsAcknowledgement) {
  asio::io_context io;
  std::size_t received = 0, most = 0;
  std::vector<RelpFrame> held;
  FakeReceiver receiver(io, {answering([&](const RelpFrame& frame) -> std::string {
                          if (frame.command != "syslog") return ok(frame);
                          ++received;
                          held.push_back(frame);
                          most = std::max(most, held.size());
                          if (held.size() < 16) return {};
                          // In another order than they came.
                          std::string out;
                          for (auto at = held.rbegin(); at != held.rend(); ++at) out += ok(*at);
                          held.clear();
                          return out;
                        })});
  TransportLimits limits;
  limits.window = 16;
  const auto transport = relp_to(io, receiver.port(), limits);
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_EQ(result_of(io, transport->deliver(messages(160))).taken, 160U);
  EXPECT_EQ(received, 160U);
  EXPECT_EQ(most, 16U);
}

TEST(Relp, WhatWasAcknowledgedBeforeAnEndCounts) {
  asio::io_context io;
  FakeReceiver receiver(io, {[](Peer& peer) -> asio::awaitable<void> {
                          RelpReader reader;
                          std::size_t read = 0, frames = 0;
                          // All are read, so that the end is no reset, and the first 10 messages acknowledged.
                          while (frames < 101) {
                            co_await peer.read_some();
                            reader.add(std::string_view(peer.received).substr(read));
                            read = peer.received.size();
                            RelpFrame frame;
                            while (reader.read(frame) == RelpReader::State::frame)
                              if (++frames <= 11) co_await peer.write(ok(frame));
                          }
                        }});
  const auto transport = relp_to(io, receiver.port(), impatient());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto delivery = result_of(io, transport->deliver(messages(100)));
  EXPECT_EQ(delivery.taken, 10U);
  EXPECT_NE(delivery.error, "");
  EXPECT_FALSE(transport->connected());
}

TEST(Relp, ARefusedMessageEndsTheDeliveryThere) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering([](const RelpFrame& frame) {
                          return frame.number == 4 ? response(frame, "500 no\x1b[2J room") : ok(frame);
                        })});
  const auto transport = relp_to(io, receiver.port());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto delivery = result_of(io, transport->deliver(messages(10)));
  EXPECT_EQ(delivery.taken, 2U);
  EXPECT_NE(delivery.error.find("500 no"), std::string::npos) << delivery.error;
  EXPECT_EQ(delivery.error.find('\x1b'), std::string::npos);
}

TEST(Relp, AReceiverThatHangsIsGivenUp) {
  asio::io_context io;
  FakeReceiver receiver(
      io, {answering([](const RelpFrame& frame) { return frame.command == "open" ? ok(frame) : std::string(); }),
           answering([](const RelpFrame&) { return std::string(); })});
  const auto transport = relp_to(io, receiver.port(), impatient());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  const auto delivery = result_of(io, transport->deliver(messages(3)));
  EXPECT_EQ(delivery.taken, 0U);
  EXPECT_NE(delivery.error.find("no answer for 1 s"), std::string::npos) << delivery.error;
  EXPECT_NE(result_of(io, transport->connect()).find("no answer"), std::string::npos);
}

TEST(Relp, WhatDoesntSpeakItIsRefused) {
  const struct {
    std::string answer;
    const char* text;
  } rows[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", "doesn't speak RELP"},
              {"1 rsp 15 500 unsupported\n", "refused"},
              {"0 serverclose 0\n", "closed the session"},
              {"1 open 0\n", "an answer was expected"}};
  for (const auto& row : rows) {
    asio::io_context io;
    FakeReceiver receiver(io, {[&](Peer& peer) -> asio::awaitable<void> {
                            co_await peer.read_some();
                            co_await peer.write(row.answer);
                            co_await peer.read_some();
                          }});
    const auto transport = relp_to(io, receiver.port());
    const auto error = result_of(io, transport->connect());
    EXPECT_NE(error.find(row.text), std::string::npos) << error;
    EXPECT_FALSE(transport->connected());
  }
}

TEST(Relp, AnAnswerToNothingIsAnError) {
  asio::io_context io;
  FakeReceiver receiver(io, {answering([](const RelpFrame& frame) {
                          return frame.command == "open" ? ok(frame) : std::string("77 rsp 6 200 OK\n");
                        })});
  const auto transport = relp_to(io, receiver.port());
  ASSERT_EQ(result_of(io, transport->connect()), "");
  EXPECT_NE(result_of(io, transport->deliver(messages(1))).error, "");
}

TEST(Relp, AnAddressThatIsNotAllowedIsNotConnectedTo) {
  asio::io_context io;
  FakeReceiver fake(io, {answering(ok)});
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Receiver receiver;
    receiver.protocol = Protocol::relp;
    receiver.host = host;
    receiver.port = fake.port();
    const auto transport = make_transport(io.get_executor(), receiver, {});
    EXPECT_NE(result_of(io, transport->connect()).find("egress.allow"), std::string::npos);
  }
  EXPECT_TRUE(fake.peers().empty());
}

}  // namespace
}  // namespace countersign::push
