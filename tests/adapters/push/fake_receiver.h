#pragma once
// A receiver on loopback that does what a test says, on the test's own io_context; and a transport to it.

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "adapters/push/transport.h"

namespace countersign::push {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A connection as the receiver sees it.
struct Peer {
  tcp::socket socket;
  std::string received;
  std::vector<std::string> requests;  ///< of HTTP
  bool ended = false;

  asio::awaitable<void> read_some() {
    std::array<char, 4096> room{};
    boost::system::error_code error;
    const auto count =
        co_await socket.async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, error));
    received.append(room.data(), count);
    ended = ended || error;
  }
  asio::awaitable<void> write(std::string text) {
    boost::system::error_code error;
    co_await asio::async_write(socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
  }
};

class FakeReceiver {
 public:
  using Behaviour = std::function<asio::awaitable<void>(Peer&)>;

  /// Each connection in turn gets the next behaviour, the last one again and again; it ends when the behaviour does.
  FakeReceiver(asio::io_context& io, std::vector<Behaviour> behaviours)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), behaviours_(std::move(behaviours)) {
    asio::co_spawn(io, accept(), asio::detached);
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /// What each connection has brought.
  const std::vector<std::shared_ptr<Peer>>& peers() const { return peers_; }
  void stop_listening() { acceptor_.close(); }

 private:
  asio::awaitable<void> accept() {
    while (true) {
      boost::system::error_code error;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      peers_.push_back(std::make_shared<Peer>(Peer{std::move(socket), {}, {}, false}));
      const auto& behaviour = behaviours_[std::min(peers_.size(), behaviours_.size()) - 1];
      asio::co_spawn(acceptor_.get_executor(), run(behaviour, peers_.back()), asio::detached);
    }
  }
  static asio::awaitable<void> run(Behaviour behaviour, std::shared_ptr<Peer> peer) {
    co_await behaviour(*peer);
    boost::system::error_code ignored;
    peer->socket.close(ignored);
  }
  tcp::acceptor acceptor_;
  const std::vector<Behaviour> behaviours_;
  std::vector<std::shared_ptr<Peer>> peers_;
};

/// Runs the io_context until the coroutine has its result.
template <class T>
T result_of(asio::io_context& io, asio::awaitable<T> coroutine) {
  std::optional<T> result;
  asio::co_spawn(io, std::move(coroutine), [&](const std::exception_ptr& thrown, T value) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(value);
  });
  io.restart();
  while (!result && io.run_one() > 0) continue;
  if (!result) throw std::logic_error("nothing is left to wait for");
  return std::move(*result);
}

inline const EgressRules& loopback_allowed() {
  static const EgressRules rules({"127.0.0.0/8", "::1"});
  return rules;
}

inline std::vector<Message> messages(std::size_t count, std::size_t line_bytes = 20) {
  std::vector<Message> made(count);
  for (std::size_t at = 0; at < count; ++at) {
    made[at].line = "line " + std::to_string(at + 1) + ' ' + std::string(line_bytes, '.');
    made[at].id = "evt_" + std::to_string(at + 1);
    made[at].type = "user.created";
    made[at].sequence = at + 1;
  }
  return made;
}

/// Short enough for a test of what hangs, long enough for a machine under load.
inline TransportLimits impatient() {
  return {.connect = std::chrono::milliseconds(500), .silence = std::chrono::milliseconds(500)};
}

}  // namespace countersign::push
