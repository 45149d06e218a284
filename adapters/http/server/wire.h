#pragma once
// The bytes of a connection, plain or TLS: reading into a buffer, writing what was put into out(), each under a
// deadline that the owner's sweep looks after. Instantiated in wire.cpp only.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <string>

#include "adapters/http/server/limits.h"
#include "adapters/http/server/read_buffer.h"

namespace countersign::http {

using PlainStream = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using TlsStream = boost::asio::ssl::stream<PlainStream>;
using Clock = std::chrono::steady_clock;

template <class Stream>
class Wire {
 public:
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  Wire(Stream stream, const Limits& limits) : stream_(std::move(stream)), limits_(limits) {}

  auto& socket() { return stream_.lowest_layer(); }
  std::string& out() { return out_; }
  /// See verified_uri (tls.h); plain streams have none.
  std::string peer_uri();

  boost::asio::awaitable<bool> handshake();
  /// What comes next; an error when the client ended or expired() says that it took too long.
  boost::asio::awaitable<boost::system::error_code> read_into(ReadBuffer& buffer);
  /// Writes all of out().
  boost::asio::awaitable<boost::system::error_code> flush();
  /// As much of out() as goes without waiting; true when that was all.
  bool flush_at_once();
  /// Says goodbye. `unread`: the client may still be sending.
  boost::asio::awaitable<void> shut_down(bool unread);

  void expire_in(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }
  void expire_never() { deadline_ = Clock::time_point::max(); }
  /// Ends what is under way if its time is up.
  bool cancel_if_expired(Clock::time_point now);
  void cancel();
  /// Whether the last failure came from the deadline; asking forgets it.
  bool take_expired() { return std::exchange(expired_, false); }

 private:
  Stream stream_;
  const Limits& limits_;
  std::string out_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool expired_ = false;
};

}  // namespace countersign::http
