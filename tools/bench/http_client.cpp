#include "tools/bench/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <vector>

namespace countersign::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct HttpClient::Wire {
  asio::io_context context;
  asio::ip::tcp::socket socket{context};
  beast::flat_buffer buffer;

  void send(http::verb verb, std::string_view target, std::string_view key, std::string body, std::string_view type) {
    http::request<http::string_body> request(verb, {target.data(), target.size()}, 11);
    request.set(http::field::host, "127.0.0.1");
    if (!key.empty()) request.set(http::field::authorization, "Bearer " + std::string(key));
    if (verb == http::verb::post) request.set(http::field::content_type, {type.data(), type.size()});
    request.body() = std::move(body);
    request.prepare_payload();
    http::write(socket, request);
  }
  Reply receive() {
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read(socket, buffer, parser);
    auto response = parser.release();
    return {response.result_int(), std::move(response.body())};
  }
};

HttpClient::HttpClient(std::uint16_t port) : wire_(std::make_unique<Wire>()) {
  wire_->socket.connect({asio::ip::address_v4::loopback(), port});
  wire_->socket.set_option(asio::ip::tcp::no_delay(true));
}

HttpClient::~HttpClient() = default;

Reply HttpClient::get(std::string_view target, std::string_view key) {
  wire_->send(http::verb::get, target, key, "", "");
  return wire_->receive();
}

Reply HttpClient::post(std::string_view target, std::string_view key, std::string body, std::string_view type) {
  wire_->send(http::verb::post, target, key, std::move(body), type);
  return wire_->receive();
}

unsigned HttpClient::stream(std::string_view target, std::string_view key,
                            const std::function<void(std::string_view)>& piece) {
  wire_->send(http::verb::get, target, key, "", "");
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  http::read_header(wire_->socket, wire_->buffer, parser);
  std::vector<char> space(256 * 1024);
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = space.data();
    body.size = space.size();
    beast::error_code error;
    http::read(wire_->socket, wire_->buffer, parser, error);
    if (error && error != http::error::need_buffer) throw beast::system_error(error);
    piece({space.data(), space.size() - body.size});
  }
  return parser.get().result_int();
}

}  // namespace countersign::bench
