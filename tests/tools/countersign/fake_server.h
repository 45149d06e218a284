#pragma once
// An HTTP server that answers what the test tells it to, one connection after the other, and remembers what it was
// asked. On loopback, on a free port, on a thread of its own.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace countersign::cli {

class FakeServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using Answer = std::function<Response(const Request&)>;

  explicit FakeServer(Answer answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}
  ~FakeServer() {
    stopping_ = true;
    boost::system::error_code ignored;
    boost::asio::ip::tcp::socket wake(context_);
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static Response response(unsigned status, std::string body, const char* type = "application/json") {
    Response made(boost::beast::http::int_to_status(status), 11);
    made.set("Content-Type", type);
    made.body() = std::move(body);
    made.prepare_payload();
    return made;
  }

 private:
  void serve() {
    while (!stopping_) {
      boost::asio::ip::tcp::socket socket(context_);
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      boost::beast::flat_buffer buffer;
      while (!error && !stopping_) {
        Request request;
        boost::beast::http::read(socket, buffer, request, error);
        if (error) break;
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
        }
        auto answer = answer_(request);
        const bool close = answer[boost::beast::http::field::connection] == "close";
        boost::beast::http::write(socket, answer, error);
        if (close) break;
      }
    }
  }

  Answer answer_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace countersign::cli
