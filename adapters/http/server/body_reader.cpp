#include "adapters/http/server/body_reader.h"

#include "adapters/http/server/error.h"

namespace countersign::http {
namespace asio = boost::asio;
namespace {

using boost::system::error_code;
using Result = boost::system::result<std::string_view>;

constexpr std::size_t first_buffer_bytes = 4 * 1024, most_buffer_bytes = 64 * 1024;
constexpr std::size_t most_discarded_bytes = 64 * 1024, keep_whole_bytes = 64 * 1024;
constexpr std::chrono::seconds rate_grace{30};

}  // namespace

template <class Stream>
BodyReader<Stream>::BodyReader(Wire<Stream>& wire, ReadBuffer& in, const Limits& limits)
    : wire_(wire), in_(in), limits_(limits), own_(first_buffer_bytes, most_buffer_bytes), from_(&in) {}

template <class Stream>
void BodyReader<Stream>::begin(RequestParser& parser) {
  parser_ = &parser;
  from_ = &in_;
  bytes_ = 0;
  continued_ = false;
}

template <class Stream>
void BodyReader<Stream>::end() {
  if (from_ == &own_) {
    std::swap(in_, own_);
    own_.shrink();
  }
  whole_.clear();
  if (whole_.capacity() > keep_whole_bytes) whole_.shrink_to_fit();
}

template <class Stream>
bool BodyReader<Stream>::take_whole_at_once(Request& request) {
  if (request.chunked || in_.text().size() < request.content_length.value_or(0)) return false;
  error_code error;
  if (parser_->body().decode(in_, error) != Progress::done || error) return false;
  request.body = parser_->body().piece();
  bytes_ = request.body.size();
  return true;
}

template <class Stream>
asio::awaitable<Result> BodyReader<Stream>::read_whole(std::uint64_t most_bytes) {
  started_ = Clock::now();
  for (;;) {
    error_code error;
    const Progress progress = parser_->body().decode(*from_, error);
    const std::string_view piece = parser_->body().piece();
    bytes_ += piece.size();
    if (!error && bytes_ > most_bytes) error = errc::body_too_large;
    if (error) co_return Result(error);
    const bool done = progress == Progress::done;
    if (done && whole_.empty()) co_return Result(piece);  // it stays where it is
    whole_.append(piece);
    if (done) co_return Result(std::string_view(whole_));
    if (!piece.empty()) continue;
    if (Clock::now() - started_ > limits_.body_timeout) co_return Result(error_code(errc::body_too_slow));
    error = co_await read_more();
    if (error) co_return Result(error);
  }
}

template <class Stream>
asio::awaitable<Result> BodyReader<Stream>::read_some(std::uint64_t most_bytes) {
  if (bytes_ == 0) started_ = Clock::now();
  while (unread()) {
    error_code error;
    parser_->body().decode(*from_, error);
    const std::string_view piece = parser_->body().piece();
    bytes_ += piece.size();
    if (!error && bytes_ > most_bytes) error = errc::body_too_large;
    if (error) co_return Result(error);
    if (!piece.empty()) co_return Result(piece);
    if (!unread()) break;
    if (slower_than_allowed()) co_return Result(error_code(errc::body_too_slow));
    error = co_await read_more();
    if (error) co_return Result(error);
  }
  co_return Result(std::string_view());
}

template <class Stream>
bool BodyReader<Stream>::slower_than_allowed() const {
  const auto spent = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_);
  return spent > rate_grace && bytes_ < limits_.min_body_bytes_per_second * static_cast<std::uint64_t>(spent.count());
}

template <class Stream>
asio::awaitable<void> BodyReader<Stream>::discard(std::uint64_t declared_bytes) {
  std::uint64_t discarded = 0;
  if (declared_bytes > most_discarded_bytes || parser_->expects_continue()) co_return;
  while (unread() && discarded <= most_discarded_bytes) {
    error_code error;
    parser_->body().decode(*from_, error);
    if (error) co_return;
    discarded += parser_->body().piece().size();
    if (!unread() || !parser_->body().piece().empty()) continue;
    error = co_await read_more();
    if (error) co_return;
  }
}

template <class Stream>
asio::awaitable<error_code> BodyReader<Stream>::read_more() {
  if (from_ == &in_) {
    own_.append_from(in_);
    from_ = &own_;
  }
  if (parser_->expects_continue() && !continued_) {
    continued_ = true;
    wire_.out().append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  error_code error = co_await wire_.flush();
  if (error) co_return errc::body_cut_off;
  wire_.expire_in(limits_.body_idle_timeout);
  error = co_await wire_.read_into(own_);
  wire_.expire_never();
  if (!error) co_return error_code();
  co_return wire_.take_expired() ? errc::body_too_slow : errc::body_cut_off;
}

template class BodyReader<PlainStream>;
template class BodyReader<TlsStream>;

}  // namespace countersign::http
