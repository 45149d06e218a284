#pragma once
// The answer to one HTTP/1.1 request, out of the pieces that come: 16 KiB of header fields and 64 KiB of body at most.

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::push {

class HttpAnswer {
 public:
  HttpAnswer();
  /// Empty, or why it isn't understood.
  std::string feed(std::string_view bytes);
  /// The other side has closed, which may be how the answer ends.
  void end();

  bool begun() const { return begun_; }
  /// Status and header fields are there.
  bool has_status() const { return parser_->is_header_done(); }
  bool whole() const { return parser_->is_done(); }

  /// From has_status() on.
  unsigned status() const { return parser_->get().result_int(); }
  /// Retry-After in seconds, an hour at most. A date would need both clocks to agree.
  std::optional<std::chrono::seconds> retry_after() const;
  bool keep_alive() const { return parser_->keep_alive(); }
  /// As much as has come.
  const std::string& body() const { return parser_->get().body(); }

 private:
  void begin();
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  std::string buffered_;
  bool begun_ = false;
};

}  // namespace countersign::push
