#include "adapters/push/http_answer.h"

#include <boost/asio/buffer.hpp>
#include <charconv>

namespace countersign::push {
namespace beast_http = boost::beast::http;
namespace {

constexpr std::size_t most_body_bytes = 64 * 1024, most_header_bytes = 16 * 1024;
constexpr std::chrono::seconds longest_pause{3600};

}  // namespace

HttpAnswer::HttpAnswer() {
  begin();
}

void HttpAnswer::begin() {
  parser_.emplace();
  parser_->header_limit(most_header_bytes);
  parser_->body_limit(most_body_bytes);
}

std::string HttpAnswer::feed(std::string_view bytes) {
  begun_ = true;
  buffered_.append(bytes);
  while (!buffered_.empty() && !parser_->is_done()) {
    boost::system::error_code error;
    const auto taken = parser_->put(boost::asio::buffer(buffered_), error);
    buffered_.erase(0, taken);
    if (error == beast_http::error::need_more) return {};
    if (error) return "the answer is not understood: " + error.message();
    if (taken == 0) return {};
    // 1xx: the answer proper is still to come (RFC 9110, section 15.2).
    if (parser_->is_done() && status() / 100 == 1) begin();
  }
  return {};
}

void HttpAnswer::end() {
  boost::system::error_code ignored;
  if (begun_) parser_->put_eof(ignored);
}

std::optional<std::chrono::seconds> HttpAnswer::retry_after() const {
  const std::string_view text = parser_->get()[beast_http::field::retry_after];
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min(std::chrono::seconds(seconds), longest_pause);
}

}  // namespace countersign::push
