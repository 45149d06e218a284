#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

using namespace std::chrono_literals;
using test::get;

std::vector<Route> slow_routes(std::chrono::milliseconds time) {
  auto routes = test::common_routes();
  routes.push_back(test::row_later(Verb::get, "/slow", "slow", [time](Exchange&) -> boost::asio::awaitable<Response> {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return test::text_response("slow");
  }));
  return routes;
}

TEST(Stop, LetsRunningExchangesEndAndClosesIdleConnections) {
  test::TestServer server(slow_routes(500ms));
  test::TestClient idle = server.connect(), busy = server.connect();
  EXPECT_EQ(idle.ask(get("/hello")).status, 200u);
  busy.send(get("/slow"));
  std::this_thread::sleep_for(100ms);
  std::thread stopping([&server] { server.server().stop(5s); });
  EXPECT_TRUE(idle.closed_by_server());
  const auto answer = busy.read();
  stopping.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "slow");
  EXPECT_TRUE(busy.closed_by_server());
  EXPECT_FALSE(server.connect().connected());
}

TEST(Stop, WaitsNoLongerThanItsGrace) {
  test::TestServer server(slow_routes(60s));
  test::TestClient busy = server.connect();
  busy.send(get("/slow"));
  std::this_thread::sleep_for(100ms);
  const auto begun = std::chrono::steady_clock::now();
  server.server().stop(200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);  // half of what the handler takes
  server.server().stop(1s);
}

TEST(Stop, AnAddressInUseIsNamed) {
  test::TestServer server;
  ServerOptions options;
  options.listen = {{"127.0.0.1", server.port()}};
  Server second(test::common_routes(), options);
  try {
    second.start();
    FAIL() << "two servers on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(server.port())), std::string::npos);
  }
}

}  // namespace
}  // namespace countersign::http
