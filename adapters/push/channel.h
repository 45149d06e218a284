#pragma once
// One outgoing TCP connection, inside TLS or not: opened to an address that passes the egress rules, every wait
// bounded. Errors are texts for an operator; after one the channel is closed.
//
// Concurrency: one executor. One reader and one writer may wait at the same time.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "adapters/push/egress.h"

namespace boost::asio::ssl {
class context;
}

namespace countersign::push {

class Channel {
 public:
  Channel(boost::asio::any_io_executor executor, EgressRules rules);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  struct Target {
    std::string host;  ///< name or address
    std::uint16_t port = 0;
    std::shared_ptr<boost::asio::ssl::context> tls;  ///< null: without
  };
  /// Tries the addresses of the name in turn; `limit` holds for all of it. Empty once open.
  boost::asio::awaitable<std::string> open(const Target& target, std::chrono::milliseconds limit);

  struct Written {
    std::size_t bytes = 0;  ///< handed to the system
    std::string error;
  };
  /// All of it, unless nothing was taken for `silence`.
  boost::asio::awaitable<Written> write(std::string_view bytes, std::chrono::milliseconds silence);

  struct Got {
    std::size_t bytes = 0;
    std::string error;
    bool ended = false;  ///< the other side has closed
  };
  boost::asio::awaitable<Got> read_some(std::span<char> room, std::chrono::milliseconds silence);

  /// From now on whatever comes is thrown away, and an end is noticed when it comes. Nobody else may read then.
  void watch();
  bool is_open() const;
  void close();

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;  ///< null: closed
  boost::asio::any_io_executor executor_;
  const EgressRules rules_;
};

/// The first address of a name that the rules allow, and all after it; else the reason. Bounded by `limit`.
struct Resolved {
  std::vector<boost::asio::ip::address> addresses;
  std::string error;
};
boost::asio::awaitable<Resolved> resolve(boost::asio::any_io_executor executor, const EgressRules& rules,
                                         std::string host, std::chrono::milliseconds limit);

}  // namespace countersign::push
