#include "tools/countersign/http_client.h"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/system/system_error.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

namespace countersign::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// What Beast reads from.
struct ReadStream {
  Wire& wire;
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    const asio::mutable_buffer first = *asio::buffer_sequence_begin(buffers);
    return wire.read(first.data(), first.size(), error);
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {  // asked for by the concept only
    error_code error;
    const auto size = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return size;
  }
};

void write_all(Wire& wire, std::string_view bytes, error_code& error) {
  while (!bytes.empty() && !error) bytes.remove_prefix(wire.write(bytes.data(), bytes.size(), error));
}

/// Exactly the `size` bytes that the header promised; a file that changed meanwhile breaks the request.
void write_file(Wire& wire, std::ifstream& file, std::uintmax_t size, error_code& error) {
  std::array<char, 64 * 1024> piece;
  while (size > 0 && !error) {
    file.read(piece.data(), static_cast<std::streamsize>(std::min<std::uintmax_t>(piece.size(), size)));
    if (file.gcount() <= 0) {
      error = boost::system::errc::make_error_code(boost::system::errc::io_error);
      return;
    }
    size -= static_cast<std::uintmax_t>(file.gcount());
    write_all(wire, {piece.data(), static_cast<std::size_t>(file.gcount())}, error);
  }
}

}  // namespace

struct HttpClient::Connection {
  Wire wire;
  beast::flat_buffer buffer;
  bool used = false;
  Connection(const Endpoint& endpoint, std::chrono::seconds patience) : wire(endpoint, patience) {}
};

HttpClient::HttpClient(std::string_view server, const std::filesystem::path& ca_file) {
  const auto url = boost::urls::parse_uri(boost::core::string_view(server.data(), server.size()));
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty() ||
      (!url->path().empty() && url->path() != "/"))
    throw std::invalid_argument("'" + std::string(server) +
                                "' is not a server: http://HOST:PORT or https://HOST[:PORT].");
  endpoint_.tls = url->scheme() == "https";
  endpoint_.host = std::string(url->host_address());
  endpoint_.port = url->has_port() ? std::string(url->port()) : endpoint_.tls ? "443" : "80";
  endpoint_.ca_file = ca_file;
}

HttpClient::~HttpClient() = default;

bool HttpClient::is_private() const {
  if (endpoint_.tls || endpoint_.host == "localhost") return true;
  error_code error;
  const auto address = asio::ip::make_address(endpoint_.host, error);
  return !error && address.is_loopback();
}

namespace {

std::string header_of(const HttpRequest& request, const Endpoint& endpoint, std::uintmax_t body_bytes) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  std::string header = request.verb + " " + request.target + " HTTP/1.1\r\nHost: ";
  header += (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + endpoint.port + "\r\n";
  header += "User-Agent: countersign/" COUNTERSIGN_VERSION "\r\n";
  for (const auto& [name, value] : request.headers) header += name + ": " + value + "\r\n";
  if (request.verb != "GET") header += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  return header + "\r\n";
}

void check_header_values(const HttpRequest& request) {
  const auto breaks = [](const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; };
  for (const auto& [name, value] : request.headers)
    if (breaks(value)) throw std::invalid_argument(name + ": a line break can't be sent.");
  if (breaks(request.target) || request.target.find(' ') != std::string::npos)
    throw std::invalid_argument("'" + request.target + "' can't be asked for.");
}

void write(Wire& wire, const HttpRequest& request, const Endpoint& endpoint, error_code& error) {
  if (request.body_file.empty()) {
    write_all(wire, header_of(request, endpoint, request.body.size()) + request.body, error);
    return;
  }
  std::ifstream file(request.body_file, std::ios::binary);
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(request.body_file, unreadable);
  if (!file || unreadable) throw std::invalid_argument(request.body_file.string() + ": can't be read.");
  write_all(wire, header_of(request, endpoint, size), error);
  write_file(wire, file, size, error);
}

}  // namespace

HttpAnswer HttpClient::send(const HttpRequest& request, const Sink& sink) {
  check_header_values(request);
  for (int attempt = 0;; ++attempt) {
    if (!connection_) connection_ = std::make_unique<Connection>(endpoint_, request.patience);
    auto& wire = connection_->wire;
    wire.set_patience(request.patience);
    // An idle connection may have been closed by the server meanwhile.
    const bool may_repeat = request.verb == "GET" && std::exchange(connection_->used, true) && attempt == 0;
    error_code error, no_header;
    write(wire, request, endpoint_, error);
    // A server that refuses a body early answers before it has read it: look for the answer whatever writing said.
    ReadStream stream{wire};
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    parser.header_limit(64 * 1024);
    http::read_header(stream, connection_->buffer, parser, no_header);
    if (no_header) {
      connection_.reset();
      if (may_repeat) continue;
      throw NoAnswer("The server did not answer: " + (error ? error : no_header).message() + ".");
    }
    HttpAnswer answer;
    answer.status = parser.get().result_int();
    for (const auto& field : parser.get())
      answer.headers[lower({field.name_string().data(), field.name_string().size()})] = std::string(field.value());
    const bool wanted = sink && answer.status < 300;
    std::array<char, 64 * 1024> piece;
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      http::read_some(stream, connection_->buffer, parser, error);
      if (error == http::error::need_buffer) error = {};
      const std::string_view read(piece.data(), piece.size() - parser.get().body().size);
      if (wanted && !read.empty() && !sink(read)) {
        connection_.reset();
        return answer;
      }
      if (!wanted) answer.body += read;
      if (error) {
        connection_.reset();
        throw NoAnswer("The answer broke off: " + error.message() + ".");
      }
    }
    if (!parser.keep_alive() || error) connection_.reset();
    return answer;
  }
}

}  // namespace countersign::cli
