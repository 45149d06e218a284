#include "adapters/http/server/route.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace countersign::http {
namespace {

Route row(Verb verb, const char* path) {
  Route route;
  route.verb = verb;
  route.path = path;
  route.operation = std::string(text_of(verb)) + " " + path;
  route.now = [](Exchange&) { return Response(200); };
  return route;
}

std::string found(const Router& router, Verb verb, std::string_view path) {
  Router::Match match;
  router.find(verb, path, match);
  if (match.malformed) return "malformed";
  if (match.route == nullptr) return match.allow.empty() ? "none" : "allow " + match.allow;
  std::string text = match.route->operation;
  for (std::size_t i = 0; i < match.parameter_count; ++i) text += " [" + std::string(match.parameters[i]) + "]";
  return text;
}

TEST(Router, FindsTheRowOfARequest) {
  const Router router({row(Verb::get, "/v1/users"), row(Verb::post, "/v1/users"), row(Verb::get, "/v1/users/{id}"),
                       row(Verb::post, "/v1/users/import"), row(Verb::post, "/v1/users/{id}/disable"),
                       row(Verb::get, "/v1/log/tile/{rest*}"), row(Verb::get, "/v1/{kind}/import/x")});
  EXPECT_EQ(found(router, Verb::get, "/v1/users"), "GET /v1/users");
  EXPECT_EQ(found(router, Verb::head, "/v1/users"), "GET /v1/users");
  EXPECT_EQ(found(router, Verb::post, "/v1/users"), "POST /v1/users");
  EXPECT_EQ(found(router, Verb::get, "/v1/users/usr_1"), "GET /v1/users/{id} [usr_1]");
  EXPECT_EQ(found(router, Verb::post, "/v1/users/import"), "POST /v1/users/import");
  EXPECT_EQ(found(router, Verb::post, "/v1/users/usr_1/disable"), "POST /v1/users/{id}/disable [usr_1]");
  EXPECT_EQ(found(router, Verb::get, "/v1/log/tile/0/x001/002"), "GET /v1/log/tile/{rest*} [0/x001/002]");
  EXPECT_EQ(found(router, Verb::get, "/v1/log/tile/0/%78001/002"), "GET /v1/log/tile/{rest*} [0/x001/002]");
  EXPECT_EQ(found(router, Verb::get, "/v1/users/import/x"), "GET /v1/{kind}/import/x [users]") << "goes back";
  EXPECT_EQ(found(router, Verb::get, "/v1/users/a%2Fb"), "GET /v1/users/{id} [a/b]");
  EXPECT_EQ(found(router, Verb::get, "/v1/%75sers"), "GET /v1/users");
  EXPECT_EQ(found(router, Verb::delete_, "/v1/users"), "allow GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(found(router, Verb::get, "/v1/users/"), "none");
  EXPECT_EQ(found(router, Verb::get, "/v1"), "none");
  EXPECT_EQ(found(router, Verb::get, "/"), "none");
  EXPECT_EQ(found(router, Verb::get, ""), "none");
  EXPECT_EQ(found(router, Verb::get, "/v1/users/%"), "malformed");
}

TEST(Router, RefusesTablesThatAreWrong) {
  EXPECT_THROW(Router({row(Verb::get, "/a"), row(Verb::get, "/a")}), std::logic_error);
  EXPECT_THROW(Router({row(Verb::get, "a")}), std::logic_error);
  Route neither;
  neither.path = "/x";
  EXPECT_THROW(Router({neither}), std::logic_error);
}

}  // namespace
}  // namespace countersign::http
