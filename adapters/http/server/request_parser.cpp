#include "adapters/http/server/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "adapters/http/server/error.h"

namespace countersign::http {
namespace beast_http = boost::beast::http;
namespace {

Verb verb_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return Verb::get;
    case beast_http::verb::head: return Verb::head;
    case beast_http::verb::post: return Verb::post;
    case beast_http::verb::put: return Verb::put;
    case beast_http::verb::patch: return Verb::patch;
    case beast_http::verb::delete_: return Verb::delete_;
    case beast_http::verb::options: return Verb::options;
    default: return Verb::other;
  }
}

boost::system::error_code translate(const boost::system::error_code& error) {
  if (error == beast_http::error::bad_version) return errc::version_not_supported;
  if (error == beast_http::error::bad_target) return errc::malformed_target;
  return errc::malformed_request;
}

}  // namespace

RequestParser::RequestParser(Request& request, const Limits& limits) : request_(request), limits_(limits) {
  header_limit(static_cast<std::uint32_t>(limits.max_header_bytes) + 1);  // ours is checked before
  body_limit(boost::none);                                                // each route has its own
}

Progress RequestParser::parse_header(ReadBuffer& buffer, boost::system::error_code& error) {
  // RFC 9112 section 2.2: one empty line before the request line is ignored.
  if (!skipped_empty_line_) {
    if (buffer.text() == "\r") return Progress::need_more;
    skipped_empty_line_ = !buffer.empty();
    if (buffer.text().starts_with("\r\n")) buffer.consume(2);
  }
  parsed_ = buffer.text();
  // A TLS hello or other noise needs no patience. Every registered method begins with a capital letter.
  if (!parsed_.empty() && !(parsed_[0] >= 'A' && parsed_[0] <= 'Z')) {
    error = errc::malformed_request;
    return Progress::done;
  }
  // Beast would call back for each line as it comes, with views that the next read invalidates.
  const std::size_t end = parsed_.find("\r\n\r\n", scanned_);
  const bool too_large = (end == parsed_.npos ? parsed_.size() : end + 4) > limits_.max_header_bytes;
  if (too_large) {
    error = parsed_.find("\r\n") >= limits_.max_header_bytes ? errc::target_too_long : errc::header_too_large;
    return Progress::done;
  }
  if (end == parsed_.npos) {
    scanned_ = parsed_.size() < 3 ? 0 : parsed_.size() - 3;
    return Progress::need_more;
  }
  error_code beast_error;
  const std::size_t consumed = put(boost::asio::const_buffer(parsed_.data(), end + 4), beast_error);
  error = beast_error ? translate(beast_error) : check_header();
  buffer.consume(consumed);
  if (!error && request_.chunked) body_.expect_chunks();
  if (!error && !request_.chunked) body_.expect_length(request_.content_length.value_or(0));
  return Progress::done;
}

boost::system::error_code RequestParser::check_header() {
  request_.chunked = chunked();
  if (const auto length = content_length()) request_.content_length = *length;
  if (request_.target.size() > limits_.max_target_bytes) return errc::target_too_long;
  if (malformed_target_) return errc::malformed_target;
  if (folded_) return errc::malformed_request;
  if (transfer_coded_ && (!chunked() || request_.http_1_0)) return errc::transfer_coding_not_supported;
  if (hosts_ > 1 || (hosts_ == 0 && !request_.http_1_0)) return errc::host_missing;
  return {};
}

void RequestParser::on_request_impl(beast_http::verb method, string_view, string_view target, int version,
                                    error_code& error) {
  if (version != 10 && version != 11) {
    error = beast_http::error::bad_version;
    return;
  }
  request_.http_1_0 = version == 10;
  request_.verb = verb_of(method);
  set_target({target.data(), target.size()});
}

void RequestParser::set_target(std::string_view target) {
  request_.target = target;
  // RFC 9112 section 3.2.2: the absolute form must be understood too; its authority goes for nothing.
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == target.npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  request_.path = target.substr(0, question);
  request_.query = question == target.npos ? std::string_view() : target.substr(question + 1);
  const bool asterisk = target == "*" && request_.verb == Verb::options;
  malformed_target_ = !target.starts_with('/') && !asterisk;
  for (const char c : target) {
    if (c <= 0x20 || c == 0x7f) malformed_target_ = true;  // bytes above 0x7f are negative: not allowed in a URI either
  }
}

void RequestParser::on_field_impl(beast_http::field name, string_view name_text, string_view value, error_code&) {
  if (value.data() < parsed_.data() || value.data() > parsed_.data() + parsed_.size())
    folded_ = folded_ || !value.empty();
  switch (name) {
    case beast_http::field::host: ++hosts_; break;
    case beast_http::field::transfer_encoding: transfer_coded_ = true; break;
    case beast_http::field::expect:
      expects_continue_ = equal_ignoring_case({value.data(), value.size()}, "100-continue");
      break;
    default: break;
  }
  request_.headers.push_back({{name_text.data(), name_text.size()}, {value.data(), value.size()}});
}

}  // namespace countersign::http
