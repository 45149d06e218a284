#include "adapters/http/server/wire.h"

#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/http/server/error.h"
#include "adapters/http/server/tls.h"

namespace countersign::http {
namespace asio = boost::asio;
namespace {

using boost::system::error_code;

constexpr std::size_t keep_output_bytes = 16 * 1024, most_lingering_bytes = 1 << 20;
constexpr std::chrono::seconds farewell_time{2};

}  // namespace

template <class Stream>
asio::awaitable<bool> Wire<Stream>::handshake() {
  if constexpr (is_tls) {
    expire_in(limits_.header_timeout);
    error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
  }
  co_return true;
}

template <class Stream>
std::string Wire<Stream>::peer_uri() {
  if constexpr (is_tls) {
    return verified_uri(stream_.native_handle());
  } else {
    return {};
  }
}

template <class Stream>
asio::awaitable<error_code> Wire<Stream>::read_into(ReadBuffer& buffer) {
  const auto space = buffer.prepare();
  if (space.size == 0) co_return errc::malformed_request;
  error_code error;
  const auto room = asio::buffer(space.at, space.size);
  const std::size_t count = co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  buffer.commit(count);
  co_return error;
}

// Most answers fit into the socket's buffer: then a send is all, without a turn through the event loop.
template <class Stream>
bool Wire<Stream>::flush_at_once() {
  if constexpr (is_tls) {
    return out_.empty();
  } else {
    if (out_.empty()) return true;
    const ssize_t sent = ::send(socket().native_handle(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    return out_.empty();
  }
}

template <class Stream>
asio::awaitable<error_code> Wire<Stream>::flush() {
  if (out_.empty() || flush_at_once()) co_return error_code();
  std::size_t written = 0;
  error_code error;
  while (written < out_.size() && !error) {
    expire_in(limits_.write_timeout);
    const auto rest = asio::buffer(out_.data() + written, out_.size() - written);
    written += co_await stream_.async_write_some(rest, asio::redirect_error(asio::use_awaitable, error));
  }
  expire_never();
  out_.clear();
  if (out_.capacity() > keep_output_bytes) out_.shrink_to_fit();
  co_return error;
}

template <class Stream>
asio::awaitable<void> Wire<Stream>::shut_down(bool unread) {
  error_code error;
  expire_in(farewell_time);
  if constexpr (is_tls) {
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  } else if (unread) {
    // A client that is still sending when it is refused would get a reset instead of the answer: read on for a moment.
    socket().shutdown(asio::socket_base::shutdown_send, error);
    ReadBuffer dropped(4096, 64 * 1024);
    std::size_t total = 0;
    while (!error && total < most_lingering_bytes) {
      dropped.consume(dropped.text().size());
      error = co_await read_into(dropped);
      total += dropped.text().size();
    }
  }
  socket().shutdown(asio::socket_base::shutdown_both, error);
}

template <class Stream>
bool Wire<Stream>::cancel_if_expired(Clock::time_point now) {
  if (now < deadline_) return false;
  expire_never();
  expired_ = true;
  cancel();
  return true;
}

template <class Stream>
void Wire<Stream>::cancel() {
  error_code ignored;
  socket().cancel(ignored);
}

template class Wire<PlainStream>;
template class Wire<TlsStream>;

}  // namespace countersign::http
