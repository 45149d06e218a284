#include "adapters/push/channel.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "adapters/push/deadline.h"
#include "adapters/push/trust.h"

namespace countersign::push {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::string seconds(std::chrono::milliseconds limit) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s";
}

}  // namespace

struct Channel::Connection {
  explicit Connection(const asio::any_io_executor& executor) : socket(executor) {}

  void shut() {
    error_code ignored;
    auto& lowest = tls ? tls->next_layer() : socket;
    lowest.close(ignored);
    open = false;
  }
  tcp::socket socket;  ///< until it becomes part of `tls`
  std::shared_ptr<asio::ssl::context> context;
  std::optional<asio::ssl::stream<tcp::socket>> tls;
  bool open = false;
};

Channel::Channel(asio::any_io_executor executor, EgressRules rules)
    : executor_(std::move(executor)), rules_(std::move(rules)) {}

Channel::~Channel() {
  close();
}

bool Channel::is_open() const {
  return connection_ && connection_->open;
}

void Channel::close() {
  if (!connection_) return;
  connection_->shut();
  connection_.reset();
}

asio::awaitable<Resolved> resolve(asio::any_io_executor executor, const EgressRules& rules, std::string host,
                                  std::chrono::milliseconds limit) {
  Resolved resolved;
  error_code error;
  if (const auto literal = asio::ip::make_address(host, error); !error) {
    resolved.addresses.push_back(literal);
  } else {
    tcp::resolver resolver(executor);
    const Deadline deadline(executor, limit, [&] { resolver.cancel(); });
    error = {};
    const auto found = co_await resolver.async_resolve(host, "", asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      resolved.error = host + ": " + (deadline.passed() ? "no answer of the name service" : error.message());
      co_return resolved;
    }
    for (const auto& entry : found) resolved.addresses.push_back(entry.endpoint().address());
  }
  for (const auto& address : resolved.addresses)
    if (!rules.allows(address)) resolved.error = EgressRules::refusal_of(address);
  std::erase_if(resolved.addresses, [&](const auto& address) { return !rules.allows(address); });
  if (!resolved.addresses.empty()) resolved.error.clear();
  co_return resolved;
}

asio::awaitable<std::string> Channel::open(const Target& target, std::chrono::milliseconds limit) {
  close();
  const auto resolved = co_await resolve(executor_, rules_, target.host, limit);
  if (!resolved.error.empty()) co_return resolved.error;
  // The connection lives on in the coroutine's frame when somebody closes the channel meanwhile.
  const auto connection = std::make_shared<Connection>(executor_);
  connection_ = connection;
  std::vector<tcp::endpoint> endpoints;
  for (const auto& address : resolved.addresses) endpoints.emplace_back(address, target.port);
  const auto where = target.host + " port " + std::to_string(target.port);
  error_code error;
  const Deadline deadline(executor_, limit, [&] { connection->shut(); });
  const auto fail = [&](std::string text) {
    if (deadline.passed()) text = "not connected within " + seconds(limit);
    if (connection_ == connection) close();
    return where + ": " + text;
  };
  co_await asio::async_connect(connection->socket, endpoints, asio::redirect_error(asio::use_awaitable, error));
  if (error || deadline.passed()) co_return fail(error.message());
  connection->socket.set_option(tcp::no_delay(true), error);
  connection->socket.set_option(asio::socket_base::keep_alive(true), error);
  if (target.tls) {
    connection->context = target.tls;
    auto& stream = connection->tls.emplace(std::move(connection->socket), *target.tls);
    stream.set_verify_callback(asio::ssl::host_name_verification(target.host));
    error_code literal;
    asio::ip::make_address(target.host, literal);
    // SNI is for names only (RFC 6066, section 3).
    if (literal) SSL_set_tlsext_host_name(stream.native_handle(), target.host.c_str());
    error = {};
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
    if (error || deadline.passed()) co_return fail(handshake_failure(stream.native_handle(), error));
  }
  connection->open = true;
  co_return std::string();
}

asio::awaitable<Channel::Written> Channel::write(std::string_view bytes, std::chrono::milliseconds silence) {
  Written written;
  const auto connection = connection_;
  while (written.bytes < bytes.size()) {
    if (!connection || !connection->open) {
      written.error = "the receiver has closed the connection";
      co_return written;
    }
    const auto rest = asio::buffer(bytes.data() + written.bytes, bytes.size() - written.bytes);
    error_code error;
    const Deadline deadline(executor_, silence, [&] { connection->shut(); });
    if (connection->tls)
      written.bytes +=
          co_await connection->tls->async_write_some(rest, asio::redirect_error(asio::use_awaitable, error));
    else
      written.bytes +=
          co_await connection->socket.async_write_some(rest, asio::redirect_error(asio::use_awaitable, error));
    if (!error) continue;
    written.error = deadline.passed() ? "the receiver took nothing for " + seconds(silence) : error.message();
    connection->shut();
    co_return written;
  }
  co_return written;
}

asio::awaitable<Channel::Got> Channel::read_some(std::span<char> room, std::chrono::milliseconds silence) {
  Got got;
  const auto connection = connection_;
  if (!connection || !connection->open) {
    got.error = "the connection is closed";
    co_return got;
  }
  error_code error;
  const Deadline deadline(executor_, silence, [&] { connection->shut(); });
  const auto buffer = asio::buffer(room.data(), room.size());
  if (connection->tls)
    got.bytes = co_await connection->tls->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  else
    got.bytes = co_await connection->socket.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return got;
  got.ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  if (deadline.passed())
    got.error = "no answer for " + seconds(silence);
  else
    got.error = got.ended ? "the receiver has closed the connection" : error.message();
  connection->shut();
  co_return got;
}

void Channel::watch() {
  const auto drain = [](std::shared_ptr<Connection> connection) -> asio::awaitable<void> {
    std::array<char, 512> room{};
    error_code error;
    while (!error && connection->open) {
      if (connection->tls)
        co_await connection->tls->async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, error));
      else
        co_await connection->socket.async_read_some(asio::buffer(room),
                                                    asio::redirect_error(asio::use_awaitable, error));
    }
    connection->shut();
  };
  if (is_open()) asio::co_spawn(executor_, drain(connection_), asio::detached);
}

}  // namespace countersign::push
