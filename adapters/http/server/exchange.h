#pragma once
// One request and its answer, from the moment the route is known. An ordinary handler returns a Response; its body was
// read before. A route that streams its request pulls the body with read_some(); one that streams its answer calls
// begin(), write() as often as it likes, end().
//
// Concurrency: an exchange belongs to its connection's thread. Handlers must not block; what ends on another thread is
// awaited with await_callback() (await_callback.h).

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/server/problem.h"
#include "adapters/http/server/request.h"
#include "adapters/http/server/route.h"

namespace countersign::http {

enum class Interruption { none, client_gone, stopping };

/// What an exchange asks of its connection; tests put their own in its place.
class ExchangeChannel {
 public:
  virtual ~ExchangeChannel() = default;
  virtual boost::asio::awaitable<boost::system::result<std::string_view>> read_some() = 0;
  virtual boost::asio::awaitable<boost::system::error_code> begin(Response head) = 0;
  virtual boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<boost::system::error_code> end() = 0;
};

class Exchange {
 public:
  /// `memory` belongs to the connection.
  Exchange(const Request& request, const Router::Match& match, std::string_view correlation_id,
           ExchangeChannel* channel, std::shared_ptr<const void>* memory)
      : request_(request), match_(match), correlation_id_(correlation_id), channel_(channel), memory_(memory) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  const Route& route() const { return *match_.route; }
  std::string_view body() const { return request_.body; }
  /// The path's parameters in their order, decoded.
  std::string_view parameter(std::size_t index = 0) const { return match_.parameters.at(index); }
  /// Also sent as X-Request-Id.
  std::string_view correlation_id() const { return correlation_id_; }
  Response problem(const Problem& problem) const { return to_response(problem, correlation_id_); }

  /// What the admission hook found out (who asks), for the handler.
  void set_caller(std::shared_ptr<const void> caller) { caller_ = std::move(caller); }
  template <class Caller>
  const Caller* caller() const {
    return static_cast<const Caller*>(caller_.get());
  }

  /// What the admission hook left at this connection's former request, and can leave for its next one.
  std::shared_ptr<const void>& connection_memory() { return *memory_; }

  /// The next piece of a streamed body, good until the next call; empty at its end. Errors: too slow, too long, cut
  /// off, malformed (errc of error.h); then return problem_of(error), the connection closes.
  boost::asio::awaitable<boost::system::result<std::string_view>> read_some() { return channel_->read_some(); }

  /// Sends status and headers of an answer whose length is not known yet.
  boost::asio::awaitable<boost::system::error_code> begin(Response head) { return channel_->begin(std::move(head)); }
  /// Sends bytes and returns when the socket has taken them; an error means that the client is gone or too slow.
  boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) { return channel_->write(bytes); }
  /// Without it the client sees a broken answer, as it should when something went wrong.
  boost::asio::awaitable<boost::system::error_code> end() { return channel_->end(); }

  /// Whether a streamed answer should end now. Looked at four times a second.
  Interruption interruption() const { return interruption_; }
  /// Called once, on the connection's thread, when interruption() changes; to wake a handler that waits for something
  /// else. Set it to nothing before what it uses goes.
  void on_interruption(std::function<void()> call) { on_interruption_ = std::move(call); }
  void interrupt(Interruption why);

 private:
  const Request& request_;
  const Router::Match& match_;
  std::string_view correlation_id_;
  ExchangeChannel* channel_;
  std::shared_ptr<const void>* memory_;
  std::shared_ptr<const void> caller_;
  Interruption interruption_ = Interruption::none;
  std::function<void()> on_interruption_;
};

}  // namespace countersign::http
