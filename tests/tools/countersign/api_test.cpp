#include "tools/countersign/api.h"

#include <gtest/gtest.h>

#include "tests/tools/countersign/fake_server.h"

namespace countersign::cli {
namespace {

TEST(Api, SendsTheKeyAndReadsTheAnswer) {
  FakeServer server([](const auto&) { return FakeServer::response(200, R"({"id":"acc_1"})"); });
  HttpClient http(server.url(), "");
  EXPECT_EQ(Api(http, "cskey_x").get("/v1/users", {{"q", "a b&c"}, {"status", ""}}).at("id"), "acc_1");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].target(), "/v1/users?q=a%20b%26c");
  EXPECT_EQ(server.requests()[0]["Authorization"], "Bearer cskey_x");
}

TEST(Api, WalksPages) {
  FakeServer server([](const FakeServer::Request& request) {
    const bool second = request.target().find("after=c1") != request.target().npos;
    return FakeServer::response(200, second ? R"({"items":[3],"next":null,"has_more":false})"
                                            : R"({"items":[1,2],"next":"c1","has_more":true})");
  });
  HttpClient http(server.url(), "");
  Api api(http, "");
  bool more = true;
  EXPECT_EQ(api.list("/v1/users", {}, 0, &more).size(), 3u);
  EXPECT_FALSE(more);
  EXPECT_EQ(api.list("/v1/users", {}, 2, &more).size(), 2u);
  EXPECT_TRUE(more);
}

TEST(Api, RepeatsAPostUnderTheSameKey) {
  int asked = 0;
  FakeServer server([&](const auto&) {
    if (++asked == 1) {
      auto busy = FakeServer::response(503, R"({"code":"overloaded"})");
      busy.set("Retry-After", "1");
      return busy;
    }
    return FakeServer::response(201, R"({"id":"usr_1"})");
  });
  HttpClient http(server.url(), "");
  Api(http, "k").post("/v1/users", boost::json::object{{"email", "a@b.example"}});
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0]["Idempotency-Key"].size(), 36u);
  EXPECT_EQ(requests[0]["Idempotency-Key"], requests[1]["Idempotency-Key"]);
  EXPECT_EQ(requests[1].body(), R"({"email":"a@b.example"})");
}

TEST(Api, ReopensAConnectionThatTheServerClosed) {
  FakeServer server([](const auto&) {
    auto answer = FakeServer::response(200, "{}");
    answer.set("Connection", "close");
    return answer;
  });
  HttpClient http(server.url(), "");
  Api api(http, "");
  api.get("/a");
  EXPECT_NO_THROW(api.get("/b"));
}

TEST(Api, AsksForAVersionAsTheServerTagsIt) {
  FakeServer server([](const auto&) { return FakeServer::response(200, "{}"); });
  HttpClient http(server.url(), "");
  Api api(http, "k");
  for (const char* version : {"3", "v3", ""}) api.patch("/v1/users/usr_1", boost::json::object{}, version);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0]["If-Match"], "\"v3\"");
  EXPECT_EQ(requests[1]["If-Match"], "\"v3\"");
  EXPECT_EQ(requests[2].count("If-Match"), 0u);
}

TEST(Api, ShowsProblemsWithTitleDetailAndReferenceEscaped) {
  FakeServer server([](const auto&) {
    return FakeServer::response(
        409,
        R"({"title":"Conflict","detail":"taken \u001b[2J","code":"email-taken","reference":"req_1",)"
        R"("errors":[{"pointer":"/email","detail":"is used"}]})",
        "application/problem+json");
  });
  HttpClient http(server.url(), "");
  try {
    Api(http, "").get("/x");
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_EQ(refused.status(), 409u);
    EXPECT_EQ(refused.code(), "email-taken");
    EXPECT_STREQ(refused.what(),
                 "Conflict: taken \\u{1b}[2J\n  /email: is used\n  code: email-taken\n  reference: req_1");
  }
}

TEST(Api, StreamsABodyPieceByPiece) {
  const std::string body(300'000, 'x');
  FakeServer server([&](const auto&) { return FakeServer::response(200, body, "text/csv"); });
  HttpClient http(server.url(), "");
  std::size_t read = 0, pieces = 0;
  Api(http, "").stream("/v1/registration-codes.csv", {}, "text/csv", [&](std::string_view piece) {
    read += piece.size();
    ++pieces;
    return true;
  });
  EXPECT_EQ(read, body.size());
  EXPECT_GT(pieces, 1u);
}

TEST(HttpClient, KnowsWhereAKeyMayGo) {
  EXPECT_TRUE(HttpClient("http://127.0.0.1:8420", "").is_private());
  EXPECT_TRUE(HttpClient("http://[::1]:8420", "").is_private());
  EXPECT_TRUE(HttpClient("http://localhost", "").is_private());
  EXPECT_TRUE(HttpClient("https://codes.example", "").is_private());
  EXPECT_FALSE(HttpClient("http://codes.example", "").is_private());
  EXPECT_FALSE(HttpClient("http://10.0.0.1:8420", "").is_private());
}

TEST(HttpClient, RefusesWhatIsNoServer) {
  for (const char* server : {"", "codes.example", "ftp://codes.example", "http://", "https://codes.example/api"})
    EXPECT_THROW(HttpClient(server, ""), std::invalid_argument) << server;
}

TEST(HttpClient, SaysThatNobodyAnswers) {
  HttpClient http("http://127.0.0.1:1", "");
  EXPECT_THROW(Api(http, "").get("/"), NoAnswer);
}

}  // namespace
}  // namespace countersign::cli
