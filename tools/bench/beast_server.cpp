#include "tools/bench/beast_server.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <thread>
#include <vector>

namespace countersign::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

/// As long as an introspection's answer.
const std::string fixed_answer = R"({"active":true,"sub":")" + std::string(300, 'x') + R"("})";

asio::awaitable<void> serve_connection(beast::tcp_stream stream) {
  try {
    beast::flat_buffer buffer;
    for (bool going = true; going;) {
      stream.expires_after(std::chrono::seconds(30));
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      http::response<http::string_body> response(http::status::ok, request.version());
      response.set(http::field::server, "beast");
      response.set(http::field::content_type, "application/json");
      response.keep_alive(request.keep_alive());
      response.body() = request.method() == http::verb::post ? request.body() : fixed_answer;
      response.prepare_payload();
      going = response.keep_alive();
      co_await http::async_write(stream, response, asio::use_awaitable);
    }
  } catch (const std::exception&) {
    // The client has gone.
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, asio::io_context& context) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(context, serve_connection(beast::tcp_stream(std::move(socket))), asio::detached);
  }
}

}  // namespace

void serve_beast(unsigned threads) {
  asio::io_context context(static_cast<int>(threads));
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::co_spawn(context, accept_all(acceptor, context), asio::detached);
  std::cout << "ready on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
  std::vector<std::jthread> more;
  for (unsigned i = 1; i < threads; ++i) more.emplace_back([&context] { context.run(); });
  context.run();
}

}  // namespace countersign::bench
