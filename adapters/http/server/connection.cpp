#include "adapters/http/server/connection.h"

#include <poll.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>

#include "adapters/http/server/error.h"

namespace countersign::http {
namespace asio = boost::asio;
namespace {

constexpr std::size_t first_buffer_bytes = 4 * 1024, most_buffer_bytes = 64 * 1024;
constexpr std::size_t flush_above_bytes = 64 * 1024;

// Media type without parameters, for comparing.
std::string_view media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

template <class Stream>
asio::awaitable<void> run_connection(std::shared_ptr<Connection<Stream>> connection) {
  co_await connection->run();
}

template <class Stream>
void spawn(Stream stream, Worker& worker, std::shared_ptr<Service> service, std::shared_ptr<asio::ssl::context> tls) {
  auto connection = std::make_shared<Connection<Stream>>(std::move(stream), worker, std::move(service), std::move(tls));
  asio::co_spawn(worker.context(), run_connection(std::move(connection)), asio::detached);
}

}  // namespace

void start_connection(PlainStream socket, Worker& worker, std::shared_ptr<Service> service,
                      std::shared_ptr<asio::ssl::context> tls) {
  if (tls) {
    TlsStream stream(std::move(socket), *tls);
    spawn(std::move(stream), worker, std::move(service), std::move(tls));
  } else {
    spawn(std::move(socket), worker, std::move(service), nullptr);
  }
}

template <class Stream>
Connection<Stream>::Connection(Stream stream, Worker& worker, std::shared_ptr<Service> service,
                               std::shared_ptr<asio::ssl::context> tls)
    : service_(std::move(service)),
      tls_(std::move(tls)),
      limits_(service_->limits),
      wire_(std::move(stream), limits_),
      in_(first_buffer_bytes, most_buffer_bytes),
      body_(wire_, in_, limits_) {
  ++service_->connections;
  worker.add(*this);
  error_code ignored;
  wire_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto endpoint = wire_.socket().remote_endpoint(ignored);
  peer_ = unmapped(endpoint.address());
}

template <class Stream>
Connection<Stream>::~Connection() {
  --service_->connections;
}

// --- Life of the connection -----------------------------------------------------------------------------------------

template <class Stream>
asio::awaitable<void> Connection<Stream>::run() {
  const bool shaken = co_await wire_.handshake();
  if (!shaken) co_return;
  peer_uri_ = wire_.peer_uri();
  while (!close_) {
    begin_request();
    Header header = take_header();
    while (header == Header::incomplete) {
      error_code error;
      if (!wire_.flush_at_once()) error = co_await wire_.flush();
      if (error || !expect_header()) co_return;
      error = co_await wire_.read_into(in_);
      header = error ? header_broke_off() : take_header();
    }
    if (header == Header::connection_ended) co_return;
    phase_ = Phase::busy;
    wire_.expire_never();
    if (header == Header::complete && !serve_at_once()) co_await serve();
    end_request();
    if (++pipelined_ >= limits_.max_pipelined || wire_.out().size() > flush_above_bytes || close_) {
      const error_code error = co_await wire_.flush();
      if (error) co_return;
    }
  }
  co_await wire_.shut_down(linger_);
}

template <class Stream>
void Connection<Stream>::begin_request() {
  request_.headers.clear();
  request_.verb = Verb::other;
  request_.target = request_.path = request_.query = request_.body = {};
  request_.content_length.reset();
  request_.chunked = request_.http_1_0 = false;
  request_.tls = Wire<Stream>::is_tls;
  request_.peer = request_.client = peer_;
  request_.peer_uri = peer_uri_;
  parser_.emplace(request_, limits_);
  match_.route = nullptr;
  match_.parameter_count = 0;
  match_.malformed = false;
  match_.allow.clear();
  match_.decoded.clear();
  body_.begin(*parser_);
  answer_.reset();
  streaming_ = Streaming::no;
  phase_ = Phase::idle;
}

template <class Stream>
typename Connection<Stream>::Header Connection<Stream>::take_header() {
  error_code error;
  const auto progress = parser_->parse_header(in_, error);
  return !error && progress == Progress::need_more ? Header::incomplete : take_request(error);
}

/// Before more of a header is read; false: none is wanted.
template <class Stream>
bool Connection<Stream>::expect_header() {
  pipelined_ = 0;
  if (in_.empty()) {
    if (service_->stopping) return false;
    in_.shrink();
    wire_.expire_in(first_ ? limits_.header_timeout : limits_.idle_timeout);
  } else if (phase_ == Phase::idle) {
    phase_ = Phase::header;
    wire_.expire_in(limits_.header_timeout);
  }
  return true;
}

template <class Stream>
typename Connection<Stream>::Header Connection<Stream>::header_broke_off() {
  if (!wire_.take_expired() || in_.empty()) return Header::connection_ended;
  return take_request(errc::header_too_slow);
}

template <class Stream>
typename Connection<Stream>::Header Connection<Stream>::take_request(error_code error) {
  started_ = Clock::now();
  correlation_id_.draw();
  first_ = false;
  if (!error) return Header::complete;
  close_ = linger_ = true;
  put_answer(to_response(problem_of(error), correlation_id_.text()));
  return Header::refused;
}

template <class Stream>
void Connection<Stream>::end_request() {
  if (body_.unread()) close_ = linger_ = true;
  body_.end();
  exchange_.reset();
}

template <class Stream>
void Connection<Stream>::sweep(Clock::time_point now) {
  if (wire_.cancel_if_expired(now)) return;
  if (exchange_ && exchange_->route().streams_answer && exchange_->interruption() == Interruption::none) {
    pollfd descriptor{wire_.socket().native_handle(), POLLRDHUP, 0};
    if (::poll(&descriptor, 1, 0) > 0) exchange_->interrupt(Interruption::client_gone);
  }
}

template <class Stream>
void Connection<Stream>::begin_stop() {
  if (phase_ == Phase::idle) {
    wire_.cancel();
  } else if (exchange_) {
    exchange_->interrupt(Interruption::stopping);
  }
}

template <class Stream>
void Connection<Stream>::abort() {
  error_code ignored;
  if (exchange_) exchange_->interrupt(Interruption::stopping);
  wire_.socket().close(ignored);
}

// --- One exchange ---------------------------------------------------------------------------------------------------

/// False: serve() has to go on, because something must be waited for.
template <class Stream>
bool Connection<Stream>::serve_at_once() {
  if (!parser_->keeps_alive() || request_.http_1_0 || service_->stopping) close_ = true;
  answer_ = find_route();
  if (!answer_) {
    if (!can_answer_now()) return false;
    if (request_.has_body() && !body_.take_whole_at_once(request_)) return false;
    answer_ = answer_now();
  }
  if (body_.unread()) return false;
  put_answer(*answer_);
  return true;
}

template <class Stream>
asio::awaitable<void> Connection<Stream>::serve() {
  if (!answer_ && !match_.route->streams_request && request_.has_body()) {
    const auto whole = co_await body_.read_whole(match_.route->max_body_bytes);
    if (whole) {
      request_.body = *whole;
    } else {
      close_ = linger_ = true;
      answer_ = exchange_->problem(problem_of(whole.error()));
    }
  }
  if (!answer_ && can_answer_now()) {
    answer_ = answer_now();
  } else if (!answer_) {
    const error_code error = co_await wire_.flush();
    if (error) close_ = true;
    answer_ = co_await answer_later();
  }
  if (streaming_ != Streaming::no) {
    // Without its last chunk the client knows that the answer is broken.
    if (streaming_ != Streaming::ended) close_ = true;
    report(streamed_status_, streamed_bytes_, streaming_ == Streaming::ended);
    co_return;
  }
  if (body_.unread() && !close_) co_await body_.discard(request_.content_length.value_or(0));
  if (body_.unread()) close_ = linger_ = true;
  put_answer(*answer_);
}

template <class Stream>
std::optional<Response> Connection<Stream>::find_route() {
  if (!service_->trusted_proxies.empty() && service_->trusted_proxies.contains(peer_)) {
    request_.client = service_->trusted_proxies.client_of(peer_, request_);
    correlation_id_.take_or_draw(request_.header("X-Request-Id"));
  }
  service_->router.find(request_.verb, request_.path, match_);
  const std::string_view id = correlation_id_.text();
  if (match_.malformed) return to_response(problem_of(errc::malformed_target), id);
  if (match_.route == nullptr) {
    if (match_.allow.empty()) return to_response(not_found(), id);
    if (request_.verb == Verb::options) return Response(204).header("Allow", match_.allow);
    return to_response(method_not_allowed(), id).header("Allow", match_.allow);
  }
  exchange_.emplace(request_, match_, id, static_cast<ExchangeChannel*>(this), &memory_);
  if (service_->hooks.admit) {
    try {
      if (auto refusal = service_->hooks.admit(*exchange_)) return refusal;
    } catch (const std::exception& thrown) {
      return failed(thrown.what());
    }
  }
  return check_body_promises();
}

template <class Stream>
std::optional<Response> Connection<Stream>::check_body_promises() const {
  if (!request_.has_body()) return std::nullopt;
  const Route& route = *match_.route;
  if (request_.content_length.value_or(0) > route.max_body_bytes) {
    return exchange_->problem(problem_of(errc::body_too_large));
  }
  if (route.accepts.empty()) return std::nullopt;
  const std::string_view type = media_type(request_.header("Content-Type"));
  for (const std::string& accepted : route.accepts) {
    if (equal_ignoring_case(accepted, type)) return std::nullopt;
  }
  return exchange_->problem(unsupported_media_type(route.accepts));
}

template <class Stream>
Response Connection<Stream>::failed(std::string_view what) {
  if (service_->hooks.on_failure) service_->hooks.on_failure(correlation_id_.text(), *match_.route, what);
  return to_response(internal_error(), correlation_id_.text());
}

template <class Stream>
bool Connection<Stream>::can_answer_now() const {
  const Route& route = *match_.route;
  return route.now && !(route.must_wait && route.must_wait(*exchange_));
}

template <class Stream>
Response Connection<Stream>::answer_now() {
  try {
    return match_.route->now(*exchange_);
  } catch (const std::exception& thrown) {
    return failed(thrown.what());
  }
}

template <class Stream>
asio::awaitable<Response> Connection<Stream>::answer_later() {
  std::string thrown_text;
  try {
    asio::awaitable<Response> pending = match_.route->later(*exchange_);
    Response response = co_await std::move(pending);
    co_return response;
  } catch (const std::exception& thrown) {
    thrown_text = thrown.what();
  }
  co_return failed(thrown_text);
}

template <class Stream>
void Connection<Stream>::put_answer(const Response& response) {
  append_head(response, Framing::content_length, close_, correlation_id_.text(), wire_.out());
  const bool has_body = request_.verb != Verb::head && response.status() != 204 && response.status() != 304;
  if (has_body) wire_.out().append(response.body());
  report(response.status(), has_body ? response.body().size() : 0, true);
}

template <class Stream>
void Connection<Stream>::report(unsigned status, std::uint64_t bytes_out, bool complete) {
  if (!service_->hooks.on_answered) return;
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  const AccessRecord record{request_.verb,          match_.route, status,        duration,
                            body_.bytes(),          bytes_out,    request_.peer, request_.client,
                            correlation_id_.text(), peer_uri_,    complete};
  service_->hooks.on_answered(record);
}

// --- Streamed bodies and answers
// -----------------------------------------------------------------------------------------------

template <class Stream>
asio::awaitable<boost::system::result<std::string_view>> Connection<Stream>::read_some() {
  using Result = boost::system::result<std::string_view>;
  if (!match_.route->streams_request) co_return Result(error_code(errc::not_streaming));
  const Result piece = co_await body_.read_some(match_.route->max_body_bytes);
  if (!piece) close_ = linger_ = true;
  co_return piece;
}

template <class Stream>
asio::awaitable<boost::system::error_code> Connection<Stream>::begin(Response head) {
  if (!match_.route->streams_answer || streaming_ != Streaming::no) co_return errc::not_streaming;
  if (body_.unread()) close_ = linger_ = true;
  streaming_ = Streaming::begun;
  streamed_status_ = head.status();
  streamed_bytes_ = 0;
  framing_ = request_.http_1_0 ? Framing::until_close : Framing::chunked;
  append_head(head, framing_, close_, correlation_id_.text(), wire_.out());
  co_return co_await wire_.flush();
}

template <class Stream>
asio::awaitable<boost::system::error_code> Connection<Stream>::write(std::string_view bytes) {
  if (streaming_ != Streaming::begun) co_return errc::not_streaming;
  if (bytes.empty()) co_return error_code();  // an empty chunk would end the answer
  if (framing_ == Framing::chunked) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    wire_.out().append(size, end).append("\r\n").append(bytes).append("\r\n");
  } else {
    wire_.out().append(bytes);
  }
  const error_code error = co_await wire_.flush();
  if (error) {
    streaming_ = Streaming::broken;
  } else {
    streamed_bytes_ += bytes.size();
  }
  co_return error;
}

template <class Stream>
asio::awaitable<boost::system::error_code> Connection<Stream>::end() {
  if (streaming_ != Streaming::begun) co_return errc::not_streaming;
  if (framing_ == Framing::chunked) wire_.out().append("0\r\n\r\n");
  const error_code error = co_await wire_.flush();
  streaming_ = error ? Streaming::broken : Streaming::ended;
  co_return error;
}

template class Connection<PlainStream>;
template class Connection<TlsStream>;

}  // namespace countersign::http
