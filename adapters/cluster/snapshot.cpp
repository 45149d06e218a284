#include "adapters/cluster/snapshot.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "adapters/cluster/directory_archive.h"
#include "adapters/cluster/node_connection.h"
#include "adapters/cluster/node_uri.h"
#include "adapters/http/api/caller.h"
#include "adapters/push/deadline.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace wire = boost::beast::http;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t piece_bytes = 256 << 10;
constexpr const char* path = "/cluster/snapshots/";  // and the version of the views

/// With what RocksDB had begun beside it.
void remove_copy(const fs::path& directory) {
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  fs::remove_all(directory.string() + ".tmp", ignored);
}

/// The copy goes with it.
struct Copied {
  explicit Copied(fs::path to) : directory(std::move(to)) { remove_copy(directory); }
  ~Copied() { remove_copy(directory); }
  Copied(const Copied&) = delete;
  Copied& operator=(const Copied&) = delete;
  const fs::path directory;
};

/// True as long as it is there.
struct Busy {
  explicit Busy(std::atomic<bool>& flag) : taken(!flag.exchange(true)), flag_(flag) {}
  ~Busy() {
    if (taken) flag_ = false;
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  const bool taken;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace

SnapshotSource::SnapshotSource(Copy copy, std::function<bool()> current, fs::path scratch, std::uint32_t version)
    : copy_(std::move(copy)), current_(std::move(current)), scratch_(std::move(scratch)), version_(version) {
  remove_copy(scratch_);
}

http::Route SnapshotSource::route() {
  http::Route route{.verb = http::Verb::get,
                    .path = std::string(path) + "{version}",
                    .operation = "send_snapshot",
                    .roles = http::public_route,
                    .later = [this](http::Exchange& exchange) { return send(exchange); }};
  route.streams_answer = true;
  return route;
}

asio::awaitable<http::Response> SnapshotSource::send(http::Exchange& exchange) {
  if (!is_from_node(exchange.request()))
    co_return exchange.problem(
        {.status = 403, .code = "forbidden", .detail = "Only nodes of this cluster are sent it."});
  if (exchange.parameter() != std::to_string(version_))
    co_return exchange.problem({.status = 409,
                                .code = "other-version",
                                .detail = "The views of this node are of version " + std::to_string(version_) + "."});
  if (!current_())
    co_return exchange.problem(
        {.status = 503, .code = "not-ready", .detail = "This node is behind itself.", .retry_after_s = 30});
  const Busy busy(busy_);
  if (!busy.taken)
    co_return exchange.problem(
        {.status = 503, .code = "overloaded", .detail = "A copy is being sent to another node.", .retry_after_s = 30});
  auto response = co_await stream(exchange);
  co_return response;
}

asio::awaitable<http::Response> SnapshotSource::stream(http::Exchange& exchange) {
  const Copied copied(scratch_);
  auto begin = [&] {
    copy_(copied.directory);
    return std::make_unique<ArchiveWriter>(copied.directory);
  };
  const auto archive = co_await pool_.run(std::move(begin));
  http::Response head(200, "application/octet-stream", {});
  auto error = co_await exchange.begin(std::move(head));
  while (!error && exchange.interruption() == http::Interruption::none) {
    auto next = [&archive] { return archive->next(piece_bytes); };
    const auto piece = co_await pool_.run(std::move(next));
    if (piece.empty()) {
      co_await exchange.end();
      break;
    }
    error = co_await exchange.write(piece);
  }
  co_return http::Response();  // without the end the receiver sees that it is broken
}

// --- the node that has none ------------------------------------------------------------------------------------------

namespace {

/// Empty, or why the archive didn't come whole.
asio::awaitable<std::string> receive(asio::ssl::context& context, const SnapshotPeer& peer, std::uint32_t version,
                                     ArchiveReader& archive, const SnapshotLimits& limits) {
  const auto address = parse_node_address(peer.address);
  if (!address) co_return "its address is not https://<host>:<port>";
  NodeConnection connection(co_await asio::this_coro::executor, context);
  const auto unreached = co_await connection.open(*address, peer.node, limits.connect_within);
  if (!unreached.empty()) co_return unreached;
  std::optional<push::Deadline> deadline;
  const auto heard = [&] {
    deadline.emplace(connection.stream().get_executor(), limits.silent_for, [&] { connection.close(); });
  };
  heard();
  wire::request<wire::empty_body> request(wire::verb::get, path + std::to_string(version), 11);
  request.set(wire::field::host, address->host);
  const auto [unsent, sent] = co_await wire::async_write(connection.stream(), request, token);
  if (unsent) co_return "the request can't be sent: " + unsent.message();

  boost::beast::flat_buffer buffer;
  wire::response_parser<wire::buffer_body> parser;
  parser.body_limit(boost::none);
  const auto [unanswered, got] = co_await wire::async_read_header(connection.stream(), buffer, parser, token);
  if (unanswered) co_return "no answer: " + unanswered.message();
  if (parser.get().result() != wire::status::ok) co_return "it answers " + std::to_string(parser.get().result_int());
  std::string piece(piece_bytes, '\0');
  while (!parser.is_done()) {
    heard();
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    auto [error, read] = co_await wire::async_read_some(connection.stream(), buffer, parser, token);
    if (error == wire::error::need_buffer) error = {};
    if (error) co_return "the copy was cut off: " + error.message();
    archive.take(std::string_view(piece).substr(0, piece.size() - parser.get().body().size));
  }
  co_return archive.complete() ? "" : "the copy ends before its end";
}

}  // namespace

std::uint64_t fetch_snapshot(NodeCertificate& certificate, const SnapshotPeer& peer, std::uint32_t version,
                             const fs::path& directory, const SnapshotLimits& limits) {
  asio::io_context io(1);
  ArchiveReader archive(directory, limits.most_bytes);
  const auto context = certificate.current();
  std::string why;
  std::exception_ptr thrown;
  asio::co_spawn(io, receive(*context, peer, version, archive, limits),
                 [&](const std::exception_ptr& exception, std::string result) {
                   thrown = exception;
                   why = std::move(result);
                 });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  if (!why.empty()) throw std::runtime_error(why);
  return archive.bytes();
}

}  // namespace countersign::cluster
