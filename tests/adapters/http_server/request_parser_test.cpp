#include "adapters/http/server/request_parser.h"

#include <gtest/gtest.h>

namespace countersign::http {
namespace {

void put(ReadBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto space = buffer.prepare();
    ASSERT_GT(space.size, 0u);
    const std::size_t part = std::min(space.size, bytes.size());
    std::memcpy(space.at, bytes.data(), part);
    buffer.commit(part);
    bytes.remove_prefix(part);
  }
}

TEST(RequestParser, ReadsAHeaderThatArrivesByteByByte) {
  const std::string text = "\r\nGET /a/b?c=d&e=%20f+g HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n";
  const Limits limits;
  Request request;
  RequestParser parser(request, limits);
  ReadBuffer buffer(64, 1024);
  boost::system::error_code error;
  for (std::size_t i = 0; i < text.size(); ++i) {
    ASSERT_EQ(parser.parse_header(buffer, error), Progress::need_more);
    ASSERT_FALSE(error);
    put(buffer, text.substr(i, 1));
  }
  ASSERT_EQ(parser.parse_header(buffer, error), Progress::done);
  ASSERT_FALSE(error) << error.message();
  EXPECT_EQ(request.verb, Verb::get);
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.header("x-two"), "1");
  EXPECT_TRUE(request.has_header("X-EMPTY"));
  EXPECT_EQ(request.header("x-empty"), "");
  EXPECT_FALSE(request.has_header("X-None"));
  const auto parameters = request.query_parameters();
  ASSERT_TRUE(parameters);
  EXPECT_EQ(*parameters, (std::vector<Request::Parameter>{{"c", "d"}, {"e", " f g"}}));
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(parser.body().done());
}

TEST(RequestParser, QueriesThatAreNotUtf8AreNone) {
  EXPECT_FALSE(Request::parse_parameters("a=%ff"));
  EXPECT_FALSE(Request::parse_parameters("a=%zz"));
  EXPECT_FALSE(Request::parse_parameters("a=%4"));
  EXPECT_TRUE(Request::parse_parameters("")->empty());
  EXPECT_TRUE(Request::parse_parameters("&&")->empty());
  EXPECT_EQ(*Request::parse_parameters("a==b&=c&a=%26%3D+%2B"),
            (std::vector<Request::Parameter>{{"a", "=b"}, {"", "c"}, {"a", "&= +"}}));
  EXPECT_EQ(Request::parse_parameters("a")->front().second, "");
  EXPECT_EQ(Request::parse_parameters("token=cstok_%41")->front().second, "cstok_A");
}

TEST(ReadBuffer, GrowsToItsLimitAndNoFurther) {
  ReadBuffer buffer(16, 64);
  std::size_t total = 0;
  for (;;) {
    const auto space = buffer.prepare();
    if (space.size == 0) break;
    std::memset(space.at, 'x', space.size);
    buffer.commit(space.size);
    total += space.size;
  }
  EXPECT_EQ(total, 64u);
  EXPECT_EQ(buffer.text(), std::string(64, 'x'));
  buffer.consume(60);
  EXPECT_EQ(buffer.prepare().size, 60u);
  EXPECT_EQ(buffer.text(), "xxxx");
  buffer.consume(4);
  buffer.shrink();
  EXPECT_EQ(buffer.prepare().size, 16u);
}

}  // namespace
}  // namespace countersign::http
