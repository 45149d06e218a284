#include "adapters/http/server/await_callback.h"

#include <thread>

#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

TEST(AwaitCallback, GoesOnWithWhatAnotherThreadDelivers) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  auto routes = test::common_routes();
  routes.push_back(
      test::row_later(Verb::get, "/later/{word}", "later", [&](Exchange& exchange) -> boost::asio::awaitable<Response> {
        const auto here = std::this_thread::get_id();
        auto start = [&](Callback<std::string> done) {
          const std::lock_guard lock(mutex);
          threads.emplace_back([done, word = std::string(exchange.parameter())] {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            done(word + "!");
          });
        };
        const std::string word = co_await await_callback<std::string>(start);
        co_return test::text_response(std::this_thread::get_id() == here ? word : "moved");
      }));
  {
    test::TestServer server(std::move(routes));
    std::vector<test::TestClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server.connect());
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(test::get("/later/w" + std::to_string(i)));
      for (std::size_t i = 0; i < clients.size(); ++i)
        EXPECT_EQ(clients[i].read()->body, "w" + std::to_string(i) + "!");
    }
  }
  for (auto& thread : threads) thread.join();
}

TEST(AwaitCallback, MayBeCalledBeforeTheStarterReturns) {
  auto routes = test::common_routes();
  routes.push_back(test::row_later(Verb::get, "/at-once", "atOnce", [](Exchange&) -> boost::asio::awaitable<Response> {
    auto start = [](Callback<int> done) { done(7); };
    const int value = co_await await_callback<int>(start);
    co_return test::text_response(std::to_string(value));
  }));
  test::TestServer server(std::move(routes));
  EXPECT_EQ(server.ask(test::get("/at-once")).body, "7");
}

}  // namespace
}  // namespace countersign::http
