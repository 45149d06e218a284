// What every kind of bad request is answered: status, code, and that nothing comes of it.
#include <boost/json.hpp>
#include <thread>

#include "tests/adapters/http_server/test_server.h"

namespace countersign::http {
namespace {

using test::get;
using test::post;
using test::TestServer;

struct Row {
  const char* what;
  std::string request;
  unsigned status;
  const char* code;
};

std::string raw(const std::string& line, const std::string& headers = "Host: x\r\n") {
  return line + "\r\n" + headers + "\r\n";
}

TEST(Refusals, Table) {
  TestServer server;
  const std::string long_path = "/" + std::string(9000, 'a'), endless_path = "/" + std::string(20'000, 'a');
  std::string many_headers = "Host: x\r\n";
  for (int i = 0; i < 500; ++i) many_headers += "X-Filler-" + std::to_string(i) + ": " + std::string(40, 'y') + "\r\n";
  const Row rows[] = {
      {"unknown path", get("/nowhere"), 404, "not-found"},
      {"path with a slash more", get("/hello/"), 404, "not-found"},
      {"other case", get("/Hello"), 404, "not-found"},
      {"dot segments are not resolved", get("/things/../hello"), 404, "not-found"},
      {"empty parameter", get("/things/"), 404, "not-found"},
      {"very many segments", get("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z"), 404, "not-found"},
      {"wrong method", post("/hello", ""), 405, "method-not-allowed"},
      {"unknown method", raw("BREW /hello HTTP/1.1"), 405, "method-not-allowed"},
      {"connect", raw("CONNECT example.com:443 HTTP/1.1"), 400, "malformed-target"},
      {"trace", raw("TRACE /hello HTTP/1.1"), 405, "method-not-allowed"},
      {"not http", "hello\r\n\r\n", 400, "malformed-request"},
      {"TLS hello on a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00", 7), 400, "malformed-request"},
      {"no version", raw("GET /hello"), 400, "malformed-target"},
      {"lower-case method", raw("get /hello HTTP/1.1"), 400, "malformed-request"},
      {"methods are case-sensitive", raw("Get /hello HTTP/1.1"), 405, "method-not-allowed"},
      {"HTTP/2.0", raw("GET /hello HTTP/2.0"), 505, "version-not-supported"},
      {"HTTP/0.9", raw("GET /hello HTTP/0.9"), 505, "version-not-supported"},
      {"broken percent-encoding", get("/things/%zz"), 400, "malformed-target"},
      {"cut percent-encoding", get("/things/%a"), 400, "malformed-target"},
      {"invalid UTF-8, encoded", get("/things/%ff"), 400, "malformed-target"},
      {"overlong UTF-8, encoded", get("/things/%c0%af"), 400, "malformed-target"},
      {"invalid UTF-8, raw", get("/things/\xff"), 400, "malformed-target"},
      {"raw UTF-8", get("/things/é"), 400, "malformed-target"},
      {"encoded NUL", get("/things/%00"), 400, "malformed-target"},
      {"target without slash", get("hello"), 400, "malformed-target"},
      {"asterisk with GET", get("*"), 400, "malformed-target"},
      {"long target", get(long_path), 414, "target-too-long"},
      {"endless target", get(endless_path), 414, "target-too-long"},
      {"many headers", raw("GET /hello HTTP/1.1", many_headers), 431, "header-too-large"},
      {"one huge header", raw("GET /hello HTTP/1.1", "Host: x\r\nX: " + std::string(20'000, 'y') + "\r\n"), 431,
       "header-too-large"},
      {"no host", raw("GET /hello HTTP/1.1", ""), 400, "host-missing"},
      {"two hosts", raw("GET /hello HTTP/1.1", "Host: x\r\nHost: y\r\n"), 400, "host-missing"},
      {"folded header", raw("GET /hello HTTP/1.1", "Host: x\r\nX: a\r\n b\r\n"), 400, "malformed-request"},
      {"blank before colon", raw("GET /hello HTTP/1.1", "Host: x\r\nX : a\r\n"), 400, "malformed-request"},
      {"header without colon", raw("GET /hello HTTP/1.1", "Host: x\r\nnonsense\r\n"), 400, "malformed-request"},
      {"control character in a header", raw("GET /hello HTTP/1.1", "Host: x\r\nX: a\x01z\r\n"), 400,
       "malformed-request"},
      {"length and chunked",
       raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400,
       "malformed-request"},
      {"chunked and length",
       raw("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n"), 400,
       "malformed-request"},
      {"two lengths", raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n"), 400,
       "malformed-request"},
      {"negative length", raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: -1\r\n"), 400, "malformed-request"},
      {"length too large for a number",
       raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 99999999999999999999999\r\n"), 400, "malformed-request"},
      {"gzip coding", raw("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: gzip\r\n"), 501,
       "transfer-coding-not-supported"},
      {"chunked, then another coding", raw("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked, gzip\r\n"),
       501, "transfer-coding-not-supported"},
      {"chunked with HTTP/1.0", raw("POST /echo HTTP/1.0", "Host: x\r\nTransfer-Encoding: chunked\r\n"), 501,
       "transfer-coding-not-supported"},
      {"chunk size not a number",
       raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
           "xyz\r\n",
       400, "malformed-request"},
      {"chunk without its end",
       raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
           "2\r\nabcd\r\n0\r\n\r\n",
       400, "malformed-request"},
      {"wrong content type", post("/echo", "x", "text/plain"), 415, "unsupported-media-type"},
      {"no content type", raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 1\r\n") + "x", 415,
       "unsupported-media-type"},
      {"declared too long",
       raw("POST /echo HTTP/1.1", "Host: x\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n"), 413,
       "body-too-large"},
      {"handler throws", get("/throws"), 500, "internal-error"},
      {"coroutine throws", get("/throws-later"), 500, "internal-error"},
  };
  for (const Row& row : rows) {
    const auto answer = server.ask(row.request);
    EXPECT_EQ(answer.status, row.status) << row.what << "\n" << answer.head;
    EXPECT_EQ(answer.code(), row.code) << row.what;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json") << row.what;
  }
  EXPECT_EQ(server.failures(), (std::vector<std::string>{"oops", "oops later"}));
}

TEST(Refusals, AreProblemDetails) {
  TestServer server;
  const auto answer = server.ask(get("/nowhere"));
  const auto problem = boost::json::parse(answer.body);
  EXPECT_EQ(problem.at("type").as_string(), "https://countersign.dev/problems/not-found");
  EXPECT_EQ(problem.at("title").as_string(), "Not Found");
  EXPECT_EQ(problem.at("status").as_int64(), 404);
  EXPECT_EQ(problem.at("reference").as_string(), answer.header("X-Request-Id"));
  EXPECT_EQ(answer.header("X-Request-Id").size(), 32u);
}

TEST(Refusals, MethodNotAllowedNamesTheOthers) {
  TestServer server;
  EXPECT_EQ(server.ask(post("/hello", "")).header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(server.ask(get("/echo")).header("Allow"), "POST, OPTIONS");
  const auto options = server.ask(raw("OPTIONS /hello HTTP/1.1"));
  EXPECT_EQ(options.status, 204u);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
}

TEST(Refusals, TheAdmissionHookComesBeforeTheBody) {
  ServerOptions options;
  options.hooks.admit = [](Exchange& exchange) -> std::optional<Response> {
    if (exchange.request().header("authorization") == "Bearer good") return std::nullopt;
    Problem problem;
    problem.status = 401;
    problem.code = "unauthorized";
    return exchange.problem(problem);
  };
  TestServer server(test::common_routes(), options);
  test::TestClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(client.read()->status, 401u);
  EXPECT_EQ(server.ask(get("/hello", "Authorization: Bearer good\r\n")).status, 200u);
  EXPECT_EQ(server.ask(get("/nowhere")).status, 404u);
}

TEST(Refusals, AreLogged) {
  TestServer server;
  const auto answer = server.ask(post("/echo", "four"));
  server.ask(get("/nowhere?secret=1"));
  for (int i = 0; i < 100 && server.log().size() < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto log = server.log();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].operation, "echo");
  EXPECT_EQ(log[0].correlation_id, answer.header("X-Request-Id"));
  EXPECT_EQ(log[0].bytes_in, 4u);
  EXPECT_EQ(log[0].bytes_out, 4u);
  EXPECT_EQ(log[0].client, "127.0.0.1");
  EXPECT_EQ(log[1].operation, "");
  EXPECT_EQ(log[1].status, 404u);
}

TEST(Requests, AreUnderstoodInTheirOtherForms) {
  TestServer server;
  EXPECT_EQ(server.ask("\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hello") << "empty line before";
  EXPECT_EQ(server.ask(get("http://example.com/hello")).body, "hello") << "absolute form";
  EXPECT_EQ(server.ask(get("/hello?x=1")).body, "hello");
  EXPECT_EQ(server.ask(get("/things/a%2Fb%20%C3%A9")).body, "a/b é");
  const auto old = server.ask("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.body, "hello");
  EXPECT_EQ(old.header("Connection"), "close");
  const auto head = server.ask("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", true);
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.header("Content-Length"), "5");
}

TEST(Requests, OfManyKindsGoOverOneConnection) {
  TestServer server;
  test::TestClient client = server.connect();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
    EXPECT_EQ(client.ask(get("/nowhere")).status, 404u);
    EXPECT_EQ(client.ask("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", true).status, 200u);
    EXPECT_EQ(client.ask(post("/echo", "x")).body, "x");
    EXPECT_EQ(client.ask(get("/throws")).status, 500u);
  }
}

}  // namespace
}  // namespace countersign::http
