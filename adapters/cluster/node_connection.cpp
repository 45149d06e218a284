#include "adapters/cluster/node_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/url/parse.hpp>

#include "adapters/cluster/node_uri.h"
#include "adapters/http/server/tls.h"
#include "adapters/push/deadline.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

struct LookedUp {
  explicit LookedUp(const asio::any_io_executor& executor) : resolver(executor), ended(executor) {}
  tcp::resolver resolver;
  asio::steady_timer ended;
  error_code error = asio::error::timed_out;
  std::vector<tcp::endpoint> endpoints;
};

/// The system's look-up can't be cut short: when the time is up it is left to itself, and nobody waits for it.
asio::awaitable<std::shared_ptr<LookedUp>> look_up(asio::any_io_executor executor, NodeAddress address,
                                                   SteadyTime until) {
  const auto found = std::make_shared<LookedUp>(executor);
  error_code no_literal;
  if (const auto literal = asio::ip::make_address(address.host, no_literal); !no_literal) {
    found->error = {};
    found->endpoints.emplace_back(literal, address.port);
    co_return found;
  }
  found->ended.expires_at(until);
  found->resolver.async_resolve(address.host, std::to_string(address.port),
                                [found](const error_code& error, const tcp::resolver::results_type& entries) {
                                  found->error = error;
                                  for (const auto& entry : entries) found->endpoints.push_back(entry.endpoint());
                                  found->ended.expires_at(SteadyTime::min());
                                });
  co_await found->ended.async_wait(token);
  found->resolver.cancel();  // what is still in the queue behind another look-up isn't begun
  co_return found;
}

std::string handshake_failure(const SSL* connection, const error_code& error) {
  const long verified = SSL_get_verify_result(connection);
  if (verified == X509_V_OK) return "TLS: " + error.message();
  return std::string("TLS: it has no certificate of this cluster: ") + X509_verify_cert_error_string(verified);
}

}  // namespace

std::optional<NodeAddress> parse_node_address(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (url.has_error() || url->scheme() != "https" || url->has_userinfo() || url->has_query() || url->has_fragment() ||
      !url->encoded_path().empty() || url->port_number() == 0)
    return std::nullopt;
  NodeAddress address;
  address.host = url->host_address();
  address.port = url->port_number();
  error_code no_literal;
  const auto literal = asio::ip::make_address(address.host, no_literal);
  if (address.host.empty() || (!no_literal && literal.is_unspecified())) return std::nullopt;
  return address;
}

asio::awaitable<std::string> NodeConnection::open(NodeAddress address, std::string node,
                                                  std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  const asio::any_io_executor executor = stream_.get_executor();
  const auto late = "not connected within " + std::to_string(limit.count()) + " ms";
  const auto found = co_await look_up(executor, address, until);
  if (found->error == asio::error::timed_out) co_return address.host + ": no answer of the name service";
  if (found->error) co_return address.host + ": " + found->error.message();

  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  const push::Deadline deadline(executor, rest, [this] { close(); });
  const auto [unconnected, endpoint] = co_await asio::async_connect(stream_.next_layer(), found->endpoints, token);
  if (unconnected || deadline.passed()) co_return deadline.passed() ? late : unconnected.message();
  error_code ignored;
  stream_.next_layer().set_option(tcp::no_delay(true), ignored);
  const auto [unshaken] = co_await stream_.async_handshake(asio::ssl::stream_base::client, token);
  if (unshaken || deadline.passed())
    co_return deadline.passed() ? late : handshake_failure(stream_.native_handle(), unshaken);
  const auto shown = http::verified_uri(stream_.native_handle());
  if (shown != node_uri(node)) co_return "another node is there: " + node_of(shown);
  co_return std::string();
}

bool NodeConnection::is_quiet() {
  if (SSL_has_pending(stream_.native_handle()) == 1 || BIO_pending(SSL_get_rbio(stream_.native_handle())) > 0)
    return false;
  auto& socket = stream_.next_layer();
  error_code error;
  socket.non_blocking(true, error);
  char byte = 0;
  const auto got = socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
  return got == 0 && error == asio::error::would_block;
}

void NodeConnection::close() {
  error_code ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace countersign::cluster
