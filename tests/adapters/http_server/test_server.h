#pragma once
// A server on a port of its own with a few routes that do nothing but show what the core does.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "adapters/http/server/server.h"
#include "tests/adapters/http_server/test_client.h"

namespace countersign::http::test {

struct LoggedAnswer {
  std::string operation, correlation_id;
  unsigned status;
  std::uint64_t bytes_in, bytes_out;
  std::string client;
  bool complete;
};

inline Route row(Verb verb, std::string path, std::string operation, AnswerNow now) {
  Route route;
  route.verb = verb;
  route.path = std::move(path);
  route.operation = std::move(operation);
  route.now = std::move(now);
  return route;
}

inline Route row_later(Verb verb, std::string path, std::string operation, AnswerLater later) {
  Route route;
  route.verb = verb;
  route.path = std::move(path);
  route.operation = std::move(operation);
  route.later = std::move(later);
  return route;
}

inline Response text_response(std::string body) {
  return {200, "text/plain", std::move(body)};
}

inline std::vector<Route> common_routes() {
  std::vector<Route> routes;
  routes.push_back(row(Verb::get, "/hello", "hello", [](Exchange&) { return text_response("hello"); }));
  routes.push_back(row(Verb::get, "/things/{id}", "getThing",
                       [](Exchange& e) { return text_response(std::string(e.parameter())); }));
  routes.push_back(row(Verb::post, "/echo", "echo", [](Exchange& e) { return text_response(std::string(e.body())); }));
  routes.push_back(
      row(Verb::get, "/throws", "throws", [](Exchange&) -> Response { throw std::runtime_error("oops"); }));
  routes.push_back(
      row_later(Verb::get, "/throws-later", "throwsLater", [](Exchange&) -> boost::asio::awaitable<Response> {
        throw std::runtime_error("oops later");
        co_return Response(200);
      }));
  routes.push_back(
      row(Verb::get, "/client", "client", [](Exchange& e) { return text_response(e.request().client.to_string()); }));
  return routes;
}

class TestServer {
 public:
  explicit TestServer(std::vector<Route> routes = common_routes(), ServerOptions options = {}) {
    options.listen = {{"127.0.0.1", 0}};
    if (options.threads == 0) options.threads = 2;
    options.hooks.on_answered = [this](const AccessRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.push_back({record.route != nullptr ? record.route->operation : "", std::string(record.correlation_id),
                      record.status, record.bytes_in, record.bytes_out, record.client.to_string(), record.complete});
    };
    options.hooks.on_failure = [this](std::string_view, const Route&, std::string_view what) {
      const std::lock_guard lock(mutex_);
      failures_.emplace_back(what);
    };
    server_ = std::make_unique<Server>(std::move(routes), std::move(options));
    server_->start();
  }

  TestClient connect() const { return TestClient(port()); }
  Answer ask(std::string_view bytes, bool head_request = false) const {
    TestClient client = connect();
    return client.ask(bytes, head_request);
  }
  std::uint16_t port() const { return server_->endpoints().front().port(); }
  Server& server() { return *server_; }
  std::vector<LoggedAnswer> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::string> failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  std::mutex mutex_;
  std::vector<LoggedAnswer> log_;
  std::vector<std::string> failures_;
  std::unique_ptr<Server> server_;
};

}  // namespace countersign::http::test
