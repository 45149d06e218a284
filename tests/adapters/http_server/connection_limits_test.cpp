#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <iostream>
#include <thread>

#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

using namespace std::chrono_literals;
using test::get;
using test::TestServer;

ServerOptions with(Limits limits) {
  ServerOptions options;
  options.limits = limits;
  return options;
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST(SlowClients, GetAnAnswerWhenTheirHeaderTakesTooLong) {
  Limits limits;
  limits.header_timeout = 500ms;
  TestServer server(test::common_routes(), with(limits));
  test::TestClient client = server.connect();
  client.send("GET /hello HTTP/1.1\r\n");
  // A byte now and then doesn't help (slowloris), however long it goes on.
  std::atomic<bool> answered = false;
  std::thread dripping([&] {
    while (!answered) {
      client.send("X");
      std::this_thread::sleep_for(100ms);
    }
  });
  const auto answer = client.read();  // which has a patience of its own
  answered = true;
  dripping.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408u);
  EXPECT_EQ(answer->code(), "request-timeout");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(SlowClients, AreClosedWhenTheySayNothing) {
  Limits limits;
  limits.header_timeout = 300ms;
  limits.idle_timeout = 300ms;
  TestServer server(test::common_routes(), with(limits));
  test::TestClient silent = server.connect(), idle = server.connect();
  EXPECT_EQ(idle.ask(get("/hello")).status, 200u);
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(idle.closed_by_server());
}

TEST(SlowClients, GetAnAnswerWhenTheirBodyStops) {
  Limits limits;
  limits.body_idle_timeout = 300ms;
  TestServer server(test::common_routes(), with(limits));
  test::TestClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_EQ(client.read()->status, 408u);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(SlowClients, ABodyThatDripsForeverIsEnded) {
  Limits limits;
  limits.body_timeout = 500ms;
  TestServer server(test::common_routes(), with(limits));
  test::TestClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
  std::thread dripping([&client] {
    for (int i = 0; i < 12; ++i) {
      client.send("x");
      std::this_thread::sleep_for(100ms);
    }
  });
  EXPECT_EQ(client.read()->status, 408u);
  dripping.join();
}

TEST(SlowClients, ThatDontReadTheirAnswerAreClosed) {
  Limits limits;
  limits.write_timeout = 500ms;
  auto routes = test::common_routes();
  routes.push_back(test::row(Verb::get, "/large", "large",
                             [](Exchange&) { return test::text_response(std::string(32 << 20, 'x')); }));
  TestServer server(std::move(routes), with(limits));
  test::TestClient client = server.connect();
  client.send(get("/large"));
  EXPECT_TRUE(eventually([&] { return server.server().connection_count() == 0; }));
}

TEST(ConnectionLimit, MoreAreToldToComeBack) {
  Limits limits;
  limits.max_connections = 5;
  TestServer server(test::common_routes(), with(limits));
  std::vector<test::TestClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(server.connect());
    ASSERT_EQ(clients.back().ask(get("/hello")).status, 200u);
  }
  test::TestClient surplus = server.connect();
  const auto refused = surplus.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503u);
  EXPECT_EQ(refused->code(), "too-many-connections");
  EXPECT_FALSE(refused->header("Retry-After").empty());
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return server.server().connection_count() == 4; }));
  EXPECT_EQ(server.ask(get("/hello")).status, 200u);
}

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096;
}

// Both ends of each connection are in this process, so that 10,000 need 20,000 descriptors.
TEST(ConnectionLimit, TenThousandIdleConnectionsDontSlowOthersDown) {
  const auto descriptors = raise_open_file_limit();
  const std::size_t wanted = descriptors > 20'200 ? 10'000 : (descriptors - 200) / 2;
  TestServer server;
  const std::size_t before = resident_bytes();
  std::vector<test::TestClient> clients;
  clients.reserve(wanted);
  while (clients.size() < wanted) {
    clients.push_back(server.connect());
    ASSERT_TRUE(clients.back().connected()) << clients.size();
  }
  ASSERT_EQ(clients.front().ask(get("/hello")).status, 200u);
  ASSERT_TRUE(eventually([&] { return server.server().connection_count() == wanted; }));
  const std::size_t each = (resident_bytes() - before) / wanted;
#ifndef __SANITIZE_THREAD__  // whose shadow is several times what it watches
  EXPECT_LT(each, 16'000u) << "bytes a connection";
#endif
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(clients[static_cast<std::size_t>(i) * wanted / 100].ask(get("/hello")).status, 200u);
  RecordProperty("connections", static_cast<int>(wanted));
  RecordProperty("bytes_each", static_cast<int>(each));
  std::cout << wanted << " connections, " << each << " bytes each\n";
  if (wanted < 10'000)
    GTEST_SKIP() << "passed with only " << wanted << " connections: " << descriptors << " open files";
}

TEST(Descriptors, WhenTheyRunOutAcceptingGoesOnLater) {
  TestServer server;
  test::TestClient early = server.connect();
  ASSERT_EQ(early.ask(get("/hello")).status, 200u);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  test::TestClient waiting = server.connect();
  ASSERT_EQ(waiting.ask(get("/hello")).status, 200u);
  // The client's socket takes the last free descriptor; the server has none to accept it with.
  rlimit low = before;
  const int free_descriptor = ::dup(0);
  ::close(free_descriptor);
  low.rlim_cur = static_cast<rlim_t>(free_descriptor) + 1;
  ::setrlimit(RLIMIT_NOFILE, &low);
  test::TestClient starved = server.connect();
  starved.send(get("/hello"));
  EXPECT_EQ(early.ask(get("/hello")).status, 200u);
  std::this_thread::sleep_for(150ms);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(starved.read().value_or(test::Answer{}).status, 200u);
}

}  // namespace
}  // namespace countersign::http
