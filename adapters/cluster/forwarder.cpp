#include "adapters/cluster/forwarder.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/url/parse.hpp>
#include <charconv>

#include "adapters/http/api/writes.h"
#include "bus/hash.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::uint64_t most_buffered = 1 << 20;

http::Response unknown(const http::Exchange& exchange) {
  return exchange.problem({.status = 503,
                           .code = "outcome-unknown",
                           .detail =
                               "The node that owns this account gave no answer: the request may have been carried "
                               "out. Repeat it with the same Idempotency-Key.",
                           .retry_after_s = 1});
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [&](auto other) { return http::equal_ignoring_case(name, other); });
}

int hops_of(const http::Request& request) {
  const auto text = request.header(hops_header);
  int hops = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hops);
  return error == std::errc() && end == text.data() + text.size() && hops >= 0 ? hops : most_hops;
}

/// Closes the socket when the time is up.
class Deadline {
 public:
  Deadline(tcp::socket& socket, std::chrono::milliseconds within) : timer_(socket.get_executor()) {
    extend(within, socket);
  }
  ~Deadline() {
    *done_ = true;
    timer_.cancel();
  }
  void extend(std::chrono::milliseconds within, tcp::socket& socket) {
    *done_ = true;
    done_ = std::make_shared<bool>(false);
    timer_.expires_after(within);
    timer_.async_wait([&socket, done = done_](const error_code& cancelled) {
      error_code ignored;
      if (!cancelled && !*done) socket.close(ignored);
    });
  }

 private:
  std::shared_ptr<bool> done_ = std::make_shared<bool>(false);
  asio::steady_timer timer_;
};

}  // namespace

std::optional<tcp::endpoint> node_endpoint(const std::string& address) {
  const auto url = boost::urls::parse_uri(address);
  if (url.has_error() || url->scheme() != "http" || !url->has_port() || url->has_userinfo()) return std::nullopt;
  error_code error;
  const auto host = asio::ip::make_address(url->host_address(), error);
  if (error || !host.is_loopback() || url->port_number() == 0) return std::nullopt;
  return tcp::endpoint(host, url->port_number());
}

bool Forwarder::is_from_node(const http::Request& request) const {
  return bus::equal_constant_time(request.header(node_header), options_.secret);
}

std::unique_ptr<tcp::socket> Forwarder::take_idle(const Place& place) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[place];
  const auto oldest = std::chrono::steady_clock::now() - options_.keep_idle;
  std::erase_if(idle, [&](const Idle& one) { return one.since < oldest; });
  if (idle.empty()) return nullptr;
  auto socket = std::move(idle.back().socket);
  idle.pop_back();
  return socket;
}

void Forwarder::keep(const Place& place, std::unique_ptr<tcp::socket> socket) {
  constexpr std::size_t most = 64;
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[place];
  if (idle.size() < most) idle.push_back({std::move(socket), std::chrono::steady_clock::now()});
}

asio::awaitable<std::unique_ptr<tcp::socket>> Forwarder::connect(const Place& place, asio::any_io_executor executor) {
  if (auto idle = take_idle(place)) {
    // A peer that has closed it meanwhile shows now, while nothing has been sent.
    error_code error;
    idle->non_blocking(true, error);
    char byte = 0;
    const auto got = idle->receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    if (got == 0 && error == asio::error::would_block) co_return idle;
  }
  const auto endpoint = node_endpoint(place.second);
  if (!endpoint) co_return nullptr;
  auto socket = std::make_unique<tcp::socket>(executor);
  const Deadline deadline(*socket, options_.connect_within);
  const auto [error] = co_await socket->async_connect(*endpoint, token);
  if (error) co_return nullptr;
  error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  co_return socket;
}

namespace {

wire::request<wire::buffer_body> head_of(http::Exchange& exchange, const std::string& host, const std::string& secret,
                                         int hops) {
  const auto& request = exchange.request();
  wire::request<wire::buffer_body> head;
  head.method_string(http::text_of(request.verb));
  head.target(request.target);
  head.version(11);
  for (const auto& [name, value] : request.headers)
    if (!is_one_of(name,
                   {"Host", "Connection", "Content-Length", "Transfer-Encoding", "X-Forwarded-For", "X-Request-Id",
                    "Expect", "Keep-Alive", "TE", "Trailer", "Upgrade", node_header, hops_header}))
      head.insert(name, value);
  head.set(wire::field::host, host);
  head.set("X-Forwarded-For", request.client.to_string());
  head.set("X-Request-Id", exchange.correlation_id());
  head.set(node_header, secret);
  head.set(hops_header, std::to_string(hops + 1));
  return head;
}

/// The whole request. False: the other side may have part of it.
asio::awaitable<bool> send(http::Exchange& exchange, wire::request<wire::buffer_body>& head, tcp::socket& socket,
                           Deadline& deadline, std::chrono::milliseconds within) {
  wire::request_serializer<wire::buffer_body> serializer(head);
  const bool streams = exchange.route().streams_request;
  head.body().data = nullptr;
  head.body().more = streams;
  if (streams) {
    head.chunked(true);
  } else {
    head.content_length(exchange.body().size());
    if (!exchange.body().empty()) {
      head.body().data = const_cast<char*>(exchange.body().data());
      head.body().size = exchange.body().size();
    }
  }
  if (!streams) {
    const auto [error, sent] = co_await wire::async_write(socket, serializer, token);
    co_return !error;
  }
  auto [error, sent] = co_await wire::async_write_header(socket, serializer, token);
  while (!error) {
    const auto piece = co_await exchange.read_some();
    if (piece.has_error()) co_return false;
    deadline.extend(within, socket);
    head.body().data = piece->empty() ? nullptr : const_cast<char*>(piece->data());
    head.body().size = piece->size();
    head.body().more = !piece->empty();
    std::tie(error, sent) = co_await wire::async_write(socket, serializer, token);
    if (error == wire::error::need_buffer) error = {};
    if (piece->empty()) break;
  }
  co_return !error;
}

http::Response answer_head(const wire::response_header<>& head) {
  http::Response response(head.result_int(), std::string(head[wire::field::content_type]), {});
  for (const auto& field : head)
    if (!is_one_of(std::string_view(field.name_string().data(), field.name_string().size()),
                   {"Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "Date", "Server",
                    "X-Request-Id", "X-Content-Type-Options", "Keep-Alive"}))
      response.header({field.name_string().data(), field.name_string().size()},
                      {field.value().data(), field.value().size()});
  return response;
}

}  // namespace

asio::awaitable<std::optional<http::Response>> Forwarder::forward(http::Exchange& exchange,
                                                                  const bus::Partition& partition,
                                                                  const std::string& this_node) {
  const bus::Owner owner = partition.owner();
  const int hops = exchange.request().has_header(hops_header) ? hops_of(exchange.request()) : 0;
  if (owner.released || owner.address.empty() || owner.node == this_node || hops >= most_hops) co_return std::nullopt;
  const auto executor = co_await asio::this_coro::executor;
  const Place place{&asio::query(executor, asio::execution::context), owner.address};
  auto socket = co_await connect(place, executor);
  if (!socket) co_return std::nullopt;
  Deadline deadline(*socket, options_.answer_within);
  auto head = head_of(exchange, owner.address.substr(owner.address.find("//") + 2), options_.secret, hops);
  if (!co_await send(exchange, head, *socket, deadline, options_.answer_within)) co_return unknown(exchange);

  boost::beast::flat_buffer buffer;
  wire::response_parser<wire::buffer_body> parser;
  parser.body_limit(boost::none);
  {
    const auto [error, got] = co_await wire::async_read_header(*socket, buffer, parser, token);
    if (error) co_return unknown(exchange);
  }
  auto response = answer_head(parser.get().base());
  const auto length = parser.content_length();
  const bool streamed = exchange.route().streams_answer && !(length && *length <= most_buffered);
  if (streamed) {
    auto begun = response;
    const auto error = co_await exchange.begin(std::move(begun));
    if (error) co_return http::Response();
  }
  std::string body, piece(piece_bytes, '\0');
  while (!parser.is_done()) {
    // An event stream may be silent for longer than an answer.
    deadline.extend(streamed ? std::chrono::minutes(2) : options_.answer_within, *socket);
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    auto [error, got] = co_await wire::async_read_some(*socket, buffer, parser, token);
    if (error == wire::error::need_buffer) error = {};
    const auto bytes = piece.size() - parser.get().body().size;
    if (streamed) {
      const std::string_view part(piece.data(), bytes);
      if (bytes > 0) {
        const auto failed = co_await exchange.write(part);
        if (failed) co_return http::Response();
      }
      if (error) co_return http::Response();  // what the client sees ends as broken as what came
      if (exchange.interruption() != http::Interruption::none) break;
    } else {
      if (error) co_return unknown(exchange);
      body.append(piece, 0, bytes);
    }
  }
  if (parser.is_done() && parser.keep_alive()) keep(place, std::move(socket));
  if (streamed) {
    co_await exchange.end();
    co_return http::Response();
  }
  if (parser.get().base().count(http::moved_header) > 0) co_return std::nullopt;
  response.set_body(std::move(body));
  co_return response;
}

}  // namespace countersign::cluster
