#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
  for (int i = 0; i < 6'000; ++i) {
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

/// A process that holds many connections open: their other ends would take half of the descriptors that this one may
/// have.
class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t connections) : child_(::fork()) {
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < connections; ++i) {
      const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
    }
    for (;;) ::pause();
  }
  ~Crowd() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

 private:
  pid_t child_;
};

TEST(ConnectionLimit, TenThousandIdleConnectionsDontSlowOthersDown) {
  constexpr std::size_t wanted = 10'000;
  const auto descriptors = raise_open_file_limit();
  if (descriptors < wanted + 200) GTEST_SKIP() << "only " << descriptors << " open files";
  ServerOptions options;
  options.limits.max_connections = 2 * wanted;
  TestServer server(test::common_routes(), std::move(options));
  std::vector<test::TestClient> others;
  for (int i = 0; i < 10; ++i) others.push_back(server.connect());
  const std::size_t before = resident_bytes();
  const Crowd crowd(server.port(), wanted);
  ASSERT_TRUE(eventually([&] { return server.server().connection_count() == wanted + others.size(); }));
  const std::size_t each = (resident_bytes() - before) / wanted;
#ifndef __SANITIZE_THREAD__  // whose shadow is several times what it watches
  EXPECT_LT(each, 16'000u) << "bytes a connection";
#endif
  for (int round = 0; round < 10; ++round)
    for (auto& other : others) ASSERT_EQ(other.ask(get("/hello")).status, 200u);
  RecordProperty("bytes_each", static_cast<int>(each));
  std::cout << wanted << " connections, " << each << " bytes each\n";
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
