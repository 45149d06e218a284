#pragma once
// A request's body as it comes over the wire: as a whole before an ordinary handler runs, piece by piece for a handler
// that streams it, or dropped after a refusal. Instantiated in body_reader.cpp only.

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include "adapters/http/server/request_parser.h"
#include "adapters/http/server/wire.h"

namespace countersign::http {

template <class Stream>
class BodyReader {
 public:
  BodyReader(Wire<Stream>& wire, ReadBuffer& in, const Limits& limits);

  void begin(RequestParser& parser);
  /// Puts bytes of the next request, if any came, where the next header is looked for.
  void end();

  bool unread() const { return !parser_->body().done(); }
  std::uint64_t bytes() const { return bytes_; }

  /// Sets request.body when all of a body that isn't chunked has come already; otherwise false, and nothing is read.
  bool take_whole_at_once(Request& request);
  /// A view that holds until end().
  boost::asio::awaitable<boost::system::result<std::string_view>> read_whole(std::uint64_t most_bytes);
  /// A view that holds until the next call; empty at the end.
  boost::asio::awaitable<boost::system::result<std::string_view>> read_some(std::uint64_t most_bytes);
  /// Reads over what is small enough, so that the connection can go on; see unread().
  boost::asio::awaitable<void> discard(std::uint64_t declared_bytes);

 private:
  boost::asio::awaitable<boost::system::error_code> read_more();
  bool slower_than_allowed() const;

  Wire<Stream>& wire_;
  ReadBuffer& in_;
  const Limits& limits_;
  RequestParser* parser_ = nullptr;
  ReadBuffer own_;  ///< for what didn't come with the header, whose bytes must stay where they are
  ReadBuffer* from_;
  std::string whole_;
  std::uint64_t bytes_ = 0;
  Clock::time_point started_;
  bool continued_ = false;
};

}  // namespace countersign::http
