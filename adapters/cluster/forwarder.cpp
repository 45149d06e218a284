#include "adapters/cluster/forwarder.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

#include "adapters/cluster/node_uri.h"
#include "adapters/http/api/writes.h"
#include "adapters/push/deadline.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
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

/// What anybody else says of hops means nothing.
int hops_of(const http::Request& request) {
  if (!is_from_node(request)) return 0;
  const auto text = request.header(hops_header);
  int hops = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hops);
  return error == std::errc() && end == text.data() + text.size() && hops >= 0 ? hops : most_hops;
}

/// Closes the connection when nothing has come or gone for some time.
class Silence {
 public:
  Silence(NodeConnection& connection, std::chrono::milliseconds within) : connection_(connection) { restart(within); }
  void restart(std::chrono::milliseconds within) {
    deadline_.emplace(connection_.stream().get_executor(), within, [this] { connection_.close(); });
  }

 private:
  NodeConnection& connection_;
  std::optional<push::Deadline> deadline_;
};

/// Closes the connection when the exchange is interrupted.
class Interruptible {
 public:
  Interruptible(http::Exchange& exchange, NodeConnection& connection) : exchange_(exchange) {
    exchange_.on_interruption([&connection] { connection.close(); });
  }
  ~Interruptible() { exchange_.on_interruption(nullptr); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  http::Exchange& exchange_;
};

}  // namespace

std::unique_ptr<NodeConnection> Forwarder::take_idle(const Place& place) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[place];
  const auto oldest = std::chrono::steady_clock::now() - options_.keep_idle;
  std::erase_if(idle, [&](const Idle& one) { return one.since < oldest; });
  if (idle.empty()) return nullptr;
  auto connection = std::move(idle.back().connection);
  idle.pop_back();
  return connection;
}

void Forwarder::keep(const Place& place, std::unique_ptr<NodeConnection> connection) {
  constexpr std::size_t most = 64;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  // Also of places that nobody asks any more; those of another io_context are that one's.
  for (auto& [other, idle] : idle_)
    if (other.io_context == place.io_context)
      std::erase_if(idle, [&](const Idle& one) { return one.since < now - options_.keep_idle; });
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
  auto& idle = idle_[place];
  if (idle.size() < most) idle.push_back({std::move(connection), now});
}

void Forwarder::report(const Place& place, const std::string& why) {
  constexpr auto pause = std::chrono::seconds(10);
  if (!options_.on_unreachable) return;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    auto& next = next_report_[place.node];
    if (now < next) return;
    next = now + pause;
  }
  options_.on_unreachable(place.node, place.address, why);
}

asio::awaitable<std::unique_ptr<NodeConnection>> Forwarder::connect(const Place& place,
                                                                    asio::any_io_executor executor) {
  // A peer that has closed it meanwhile shows now, while nothing has been sent.
  if (auto idle = take_idle(place); idle && idle->is_quiet()) co_return idle;
  std::string why = "its address is not https://<host>:<port>";
  if (const auto address = parse_node_address(place.address)) {
    const auto context = certificate_.current();
    auto connection = std::make_unique<NodeConnection>(executor, *context);
    why = co_await connection->open(*address, place.node, options_.connect_within);
    if (why.empty()) co_return connection;
  }
  report(place, why);
  co_return nullptr;
}

namespace {

wire::request<wire::buffer_body> head_of(http::Exchange& exchange, const std::string& host, int hops) {
  const auto& request = exchange.request();
  wire::request<wire::buffer_body> head;
  head.method_string(http::text_of(request.verb));
  head.target(request.target);
  head.version(11);
  for (const auto& [name, value] : request.headers)
    if (!is_one_of(name, {"Host", "Connection", "Content-Length", "Transfer-Encoding", "X-Forwarded-For",
                          "X-Request-Id", "Expect", "Keep-Alive", "TE", "Trailer", "Upgrade", hops_header}))
      head.insert(name, value);
  head.set(wire::field::host, host);
  head.set("X-Forwarded-For", request.client.to_string());
  head.set("X-Request-Id", exchange.correlation_id());
  head.set(hops_header, std::to_string(hops + 1));
  return head;
}

/// The whole request. False: the other side may have part of it.
asio::awaitable<bool> send(http::Exchange& exchange, wire::request<wire::buffer_body>& head, NodeConnection& connection,
                           Silence& silence, std::chrono::milliseconds within) {
  wire::request_serializer<wire::buffer_body> serializer(head);
  auto& stream = connection.stream();
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
    const auto [error, sent] = co_await wire::async_write(stream, serializer, token);
    co_return !error;
  }
  auto [error, sent] = co_await wire::async_write_header(stream, serializer, token);
  while (!error) {
    const auto piece = co_await exchange.read_some();
    if (piece.has_error()) co_return false;
    silence.restart(within);
    head.body().data = piece->empty() ? nullptr : const_cast<char*>(piece->data());
    head.body().size = piece->size();
    head.body().more = !piece->empty();
    std::tie(error, sent) = co_await wire::async_write(stream, serializer, token);
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

asio::awaitable<std::optional<http::Response>> Forwarder::forward(http::Exchange& exchange, bus::Owner owner,
                                                                  std::string this_node) {
  const int hops = hops_of(exchange.request());
  if (owner.released || owner.address.empty() || owner.node == this_node || hops >= most_hops) co_return std::nullopt;
  const auto executor = co_await asio::this_coro::executor;
  const Place place{&asio::query(executor, asio::execution::context), owner.node, owner.address};
  auto connection = co_await connect(place, executor);
  if (!connection) co_return std::nullopt;
  std::optional<Silence> silence(std::in_place, *connection, options_.answer_within);
  auto head = head_of(exchange, owner.address.substr(owner.address.find("//") + 2), hops);
  if (!co_await send(exchange, head, *connection, *silence, options_.answer_within)) co_return unknown(exchange);

  boost::beast::flat_buffer buffer;
  wire::response_parser<wire::buffer_body> parser;
  parser.body_limit(boost::none);
  parser.skip(exchange.request().verb == http::Verb::head);
  {
    const auto [error, got] = co_await wire::async_read_header(connection->stream(), buffer, parser, token);
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
  // A client that has gone ends what is read for it, though the other node may be silent for long.
  const Interruptible interruptible(exchange, *connection);
  std::string body, piece(piece_bytes, '\0');
  while (!parser.is_done()) {
    // An event stream may be silent for longer than an answer.
    silence->restart(streamed ? std::chrono::minutes(2) : options_.answer_within);
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    auto [error, got] = co_await wire::async_read_some(connection->stream(), buffer, parser, token);
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
  silence.reset();
  if (parser.is_done() && parser.keep_alive()) keep(place, std::move(connection));
  if (streamed) {
    co_await exchange.end();
    co_return http::Response();
  }
  if (parser.get().base().count(http::moved_header) > 0) co_return std::nullopt;
  response.set_body(std::move(body));
  co_return response;
}

}  // namespace countersign::cluster
