#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "adapters/http/server/error.h"
#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using test::get;
using test::post;

struct Streams {
  std::atomic<int> ended{0};
  std::atomic<int> interruption{0};

  std::vector<Route> routes() {
    auto routes = test::common_routes();
    // Counts the bytes of a body of any length.
    Route count = test::row_later(Verb::post, "/count", "count", [](Exchange& exchange) -> awaitable<Response> {
      std::uint64_t bytes = 0;
      for (;;) {
        const auto piece = co_await exchange.read_some();
        if (!piece) co_return exchange.problem(problem_of(piece.error()));
        if (piece->empty()) break;
        bytes += piece->size();
      }
      co_return test::text_response(std::to_string(bytes));
    });
    count.streams_request = true;
    count.max_body_bytes = 64 << 20;
    count.accepts = {};
    routes.push_back(std::move(count));
    // Sends back what comes, while it comes.
    Route both = test::row_later(Verb::post, "/both", "both", [](Exchange& exchange) -> awaitable<Response> {
      auto piece = co_await exchange.read_some();
      std::string all;
      while (piece && !piece->empty()) {
        all.append(*piece);
        piece = co_await exchange.read_some();
      }
      Response head(200, "text/plain", "");
      co_await exchange.begin(std::move(head));
      for (std::size_t at = 0; at < all.size(); at += 10'000) {
        const auto error = co_await exchange.write(std::string_view(all).substr(at, 10'000));
        if (error) co_return Response(500);
      }
      co_await exchange.end();
      co_return Response(200);
    });
    both.streams_request = both.streams_answer = true;
    both.max_body_bytes = 64 << 20;
    both.accepts = {};
    routes.push_back(std::move(both));
    // Ticks until it is interrupted.
    Route ticks = test::row_later(Verb::get, "/ticks", "ticks", [this](Exchange& exchange) -> awaitable<Response> {
      Response head(200, "text/event-stream", "");
      co_await exchange.begin(std::move(head));
      const auto executor = co_await boost::asio::this_coro::executor;
      boost::asio::steady_timer timer(executor);
      exchange.on_interruption([&timer] { timer.cancel(); });
      const auto first = co_await exchange.write("tick\n");
      while (!first && exchange.interruption() == Interruption::none) {
        boost::system::error_code error;
        timer.expires_after(60s);
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
      }
      interruption = static_cast<int>(exchange.interruption());
      co_await exchange.end();
      ++ended;
      co_return Response(200);
    });
    ticks.streams_answer = true;
    routes.push_back(std::move(ticks));
    // Never stops sending.
    Route flood = test::row_later(Verb::get, "/flood", "flood", [this](Exchange& exchange) -> awaitable<Response> {
      Response head(200, "text/plain", "");
      co_await exchange.begin(std::move(head));
      const std::string block(100'000, 'x');
      for (;;) {
        const auto error = co_await exchange.write(block);
        if (error) break;
      }
      ++ended;
      co_return Response(200);
    });
    flood.streams_answer = true;
    routes.push_back(std::move(flood));
    Route forgets = test::row_later(Verb::get, "/forgets", "forgets", [](Exchange& exchange) -> awaitable<Response> {
      Response head(200, "text/plain", "");
      co_await exchange.begin(std::move(head));
      co_await exchange.write("half");
      throw std::runtime_error("broke off");
    });
    forgets.streams_answer = true;
    routes.push_back(std::move(forgets));
    return routes;
  }

  bool eventually_ended() {
    for (int i = 0; i < 500 && ended == 0; ++i) std::this_thread::sleep_for(10ms);
    return ended > 0;
  }
};

TEST(Streaming, ALargeBodyPassesInConstantMemory) {
  Streams streams;
  test::TestServer server(streams.routes());
  test::TestClient client = server.connect();
  client.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 52428800\r\n\r\n");
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 50; ++i) client.send(block);
  EXPECT_EQ(client.read()->body, "52428800");
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Streaming, BothWaysAndChunked) {
  Streams streams;
  test::TestServer server(streams.routes());
  test::TestClient client = server.connect();
  std::string body;
  for (int i = 0; i < 50'000; ++i) body += std::to_string(i);
  std::string request = "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  char size[20];
  for (std::size_t at = 0; at < body.size(); at += 7777) {
    const auto piece = body.substr(at, 7777);
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    request += size + piece + "\r\n";
  }
  request += "0\r\n\r\n";
  for (int round = 0; round < 3; ++round) {
    const auto answer = client.ask(request);
    EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
    EXPECT_TRUE(answer.body == body);
    EXPECT_TRUE(answer.complete);
  }
}

TEST(Streaming, ARouteHasItsOwnBodyLimit) {
  Streams streams;
  test::TestServer server(streams.routes());
  EXPECT_EQ(server.ask("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 67108865\r\n\r\n").status, 413u);
}

TEST(Streaming, ADisconnectIsNoticedWhileNothingIsSent) {
  Streams streams;
  test::TestServer server(streams.routes());
  test::TestClient client = server.connect();
  client.send(get("/ticks"));
  EXPECT_NE(client.read_raw().find("200 OK"), std::string::npos);
  client.close();
  EXPECT_TRUE(streams.eventually_ended());
  EXPECT_EQ(streams.interruption, static_cast<int>(Interruption::client_gone));
}

TEST(Streaming, ADisconnectIsNoticedWhileSending) {
  Streams streams;
  test::TestServer server(streams.routes());
  test::TestClient client = server.connect();
  client.send(get("/flood"));
  client.read_raw();
  client.close();
  EXPECT_TRUE(streams.eventually_ended());
}

TEST(Streaming, AReaderThatStopsReadingIsLeft) {
  Streams streams;
  ServerOptions options;
  options.limits.write_timeout = 300ms;
  test::TestServer server(streams.routes(), options);
  test::TestClient client = server.connect();
  client.send(get("/flood"));
  EXPECT_TRUE(streams.eventually_ended());
}

TEST(Streaming, AStopEndsStreamsProperly) {
  Streams streams;
  test::TestServer server(streams.routes());
  test::TestClient client = server.connect();
  client.send(get("/ticks"));
  std::this_thread::sleep_for(100ms);
  std::thread stopping([&server] { server.server().stop(5s); });
  const auto answer = client.read();
  stopping.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "tick\n");
  EXPECT_TRUE(answer->complete);
  EXPECT_EQ(streams.interruption, static_cast<int>(Interruption::stopping));
}

TEST(Streaming, ABrokenAnswerIsSeenToBeBroken) {
  Streams streams;
  test::TestServer server(streams.routes());
  const auto answer = server.ask(get("/forgets"));
  EXPECT_EQ(answer.body, "half");
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(server.failures(), std::vector<std::string>{"broke off"});
  EXPECT_FALSE(server.log().front().complete);
}

TEST(Streaming, OldClientsGetItUntilTheConnectionEnds) {
  Streams streams;
  test::TestServer server(streams.routes());
  const auto answer = server.ask("POST /both HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.body, "body");
}

TEST(Streaming, HeadOfAStreamIsNotAllowed) {
  Streams streams;
  test::TestServer server(streams.routes());
  const auto answer = server.ask("HEAD /ticks HTTP/1.1\r\nHost: x\r\n\r\n", true);
  EXPECT_EQ(answer.status, 405u);
  EXPECT_EQ(answer.header("Allow"), "GET, OPTIONS");
}

}  // namespace
}  // namespace countersign::http
