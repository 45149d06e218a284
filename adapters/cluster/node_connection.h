#pragma once
// A connection to another node: mutual TLS (node_certificate.h) to a name or address, and only to the node that is
// meant, because an address may have been given to another one since.
//
// Limits: opening takes `limit` in all, looking up the name included. Errors are texts for the operator.
// Concurrency: one io_context, which has one thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace countersign::cluster {

/// Where a node is reached.
struct NodeAddress {
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 0;
};

/// "https://node-1.example.com:8421" and nothing behind it; nothing for anything else.
std::optional<NodeAddress> parse_node_address(std::string_view url);

class NodeConnection {
 public:
  /// Beast's own stream over Asio's, because it sends what is scattered in one record.
  using Stream = boost::beast::ssl_stream<boost::asio::ip::tcp::socket>;

  NodeConnection(const boost::asio::any_io_executor& executor, boost::asio::ssl::context& context)
      : stream_(executor, context) {}

  /// Empty once open, else the reason.
  boost::asio::awaitable<std::string> open(NodeAddress address, std::string node, std::chrono::milliseconds limit);
  /// Whether nothing has come that nobody has read: so the other end has not ended it, as far as this one knows.
  bool is_quiet();
  /// Ends whatever waits.
  void close();
  Stream& stream() { return stream_; }

 private:
  Stream stream_;
};

}  // namespace countersign::cluster
