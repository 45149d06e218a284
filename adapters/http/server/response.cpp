#include "adapters/http/server/response.h"

#include <array>
#include <charconv>
#include <ctime>
#include <span>

namespace countersign::http {
namespace {

// IMF-fixdate (RFC 9110 section 5.6.7), written anew when the second changes.
std::string_view http_date() {
  thread_local std::time_t written = 0;
  thread_local std::array<char, 40> text{};
  thread_local std::size_t size = 0;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != written) {
    std::tm utc{};
    ::gmtime_r(&now.tv_sec, &utc);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    written = now.tv_sec;
  }
  return {text.data(), size};
}

void append_number(std::size_t number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

Response& Response::header(std::string_view name, std::string_view value) {
  header_lines_.append(name).append(": ");
  const auto begin = header_lines_.size();
  header_lines_.append(value);
  for (auto& c : std::span(header_lines_).subspan(begin))
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  header_lines_.append("\r\n");
  return *this;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

void append_head(const Response& response, Framing framing, bool close, std::string_view correlation_id,
                 std::string& out) {
  out.append("HTTP/1.1 ");
  append_number(response.status(), out);
  out.append(" ").append(reason_phrase(response.status())).append("\r\nDate: ").append(http_date());
  if (!response.content_type().empty()) out.append("\r\nContent-Type: ").append(response.content_type());
  if (framing == Framing::chunked) {
    out.append("\r\nTransfer-Encoding: chunked");
  } else if (framing == Framing::content_length && response.status() != 204 && response.status() != 304) {
    out.append("\r\nContent-Length: ");
    append_number(response.body().size(), out);
  }
  if (close) out.append("\r\nConnection: close");
  out.append("\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ").append(correlation_id).append("\r\n");
  out.append(response.header_lines()).append("\r\n");
}

}  // namespace countersign::http
