#include "adapters/http/server/response.h"

#include <gtest/gtest.h>

#include "adapters/http/server/problem.h"

namespace countersign::http {
namespace {

TEST(Response, HeadersCanNotBeForged) {
  Response response(200);
  response.header("X-Name", "a\r\nSet-Cookie: b=c\n");
  EXPECT_EQ(response.header_lines(), "X-Name: a  Set-Cookie: b=c \r\n");
}

TEST(Response, NoLengthWhereNoneBelongs) {
  std::string out;
  append_head(Response(204), Framing::content_length, false, "id", out);
  EXPECT_EQ(out.find("Content-Length"), std::string::npos);
  out.clear();
  append_head(Response(200), Framing::content_length, true, "id", out);
  EXPECT_NE(out.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_NE(out.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(Problem, CarriesErrorsExtraMembersAndRetryAfter) {
  Problem problem;
  problem.status = 429;
  problem.code = "too-many";
  problem.detail = "Slow down.";
  problem.errors = {{"/a", "is wrong"}};
  problem.extra["allowed"] = {"x"};
  problem.retry_after_s = 7;
  const Response response = to_response(problem, "ref");
  EXPECT_EQ(response.status(), 429u);
  EXPECT_EQ(response.header_lines(), "Retry-After: 7\r\n");
  EXPECT_EQ(response.body(),
            R"({"type":"https://countersign.dev/problems/too-many","title":"Too Many Requests","status":429,)"
            R"("detail":"Slow down.","code":"too-many","reference":"ref",)"
            R"("errors":[{"pointer":"/a","detail":"is wrong"}],"allowed":["x"]})");
}

}  // namespace
}  // namespace countersign::http
