#pragma once
// An answer: status, headers, body. Headers are kept formatted, so that sending is one copy.

#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::http {

class Response {
 public:
  Response() = default;
  explicit Response(unsigned status) : status_(status) {}
  Response(unsigned status, std::string_view content_type, std::string body)
      : status_(status), content_type_(content_type), body_(std::move(body)) {}

  static Response json(unsigned status, std::string body) { return {status, "application/json", std::move(body)}; }

  /// Adds a header. CR, LF and NUL in the value, which could forge further headers, become blanks. Date,
  /// Content-Length, Content-Type, Transfer-Encoding, Connection and X-Request-Id are the server's own.
  Response& header(std::string_view name, std::string_view value);
  Response& no_store() { return header("Cache-Control", "no-store"); }

  unsigned status() const { return status_; }
  const std::string& content_type() const { return content_type_; }
  const std::string& header_lines() const { return header_lines_; }
  const std::string& body() const { return body_; }
  void set_body(std::string body) { body_ = std::move(body); }

 private:
  unsigned status_ = 200;
  std::string content_type_;  ///< empty: no body
  std::string header_lines_;
  std::string body_;
};

/// "OK", "Not Found", ...; "Status" for what has no name.
std::string_view reason_phrase(unsigned status);

enum class Framing { content_length, chunked, until_close };
/// Appends status line and headers up to the blank line that ends them.
void append_head(const Response& response, Framing framing, bool close, std::string_view correlation_id,
                 std::string& out);

}  // namespace countersign::http
