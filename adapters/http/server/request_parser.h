#pragma once
// A request's header, by Beast's HTTP/1 parser with our own storage: fields are views into the connection's buffer.
// Stricter than Beast where a lenient reading lets two servers disagree about where a request ends (RFC 9112
// section 11.2): folded lines, unknown transfer codings, a wrong number of Host headers are refused. Bodies:
// BodyDecoder.

#include <boost/beast/http/basic_parser.hpp>

#include "adapters/http/server/body_decoder.h"
#include "adapters/http/server/limits.h"
#include "adapters/http/server/read_buffer.h"
#include "adapters/http/server/request.h"

namespace countersign::http {

class RequestParser : private boost::beast::http::basic_parser<true> {
  using Base = boost::beast::http::basic_parser<true>;

 public:
  RequestParser(Request& request, const Limits& limits);

  /// Parses the header once all of it is in `buffer`; nothing is consumed before.
  Progress parse_header(ReadBuffer& buffer, boost::system::error_code& error);
  /// What follows the header, ready when the header is done.
  BodyDecoder& body() { return body_; }
  bool keeps_alive() const { return keep_alive(); }
  bool expects_continue() const { return expects_continue_; }

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb method, string_view, string_view target, int version,
                       error_code&) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view name_text, string_view value, error_code&) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  boost::system::error_code check_header();
  void set_target(std::string_view target);

  Request& request_;
  const Limits& limits_;
  std::string_view parsed_;  ///< what the parser looks at now: fields elsewhere were folded
  BodyDecoder body_;
  std::size_t scanned_ = 0;  ///< of the buffer: the header's end is not there
  bool expects_continue_ = false, folded_ = false, transfer_coded_ = false, malformed_target_ = false;
  bool skipped_empty_line_ = false;
  unsigned hosts_ = 0;
};

}  // namespace countersign::http
