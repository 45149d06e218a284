#include "tools/countersign/sse_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace countersign::cli {
namespace {

class ServerSentEvents : public testing::Test {
 protected:
  std::vector<std::string> seen_;
  SseReader reader_{[this](const std::string& data) { seen_.push_back(data); }};
};

TEST_F(ServerSentEvents, ArriveInPieces) {
  for (const char c : std::string("id: c1\r\ndata: {\"a\":1}\r\n\r\nid: c2\ndata: x\ndata:y\n\n"))
    reader_.feed({&c, 1});
  EXPECT_EQ(seen_, (std::vector<std::string>{"{\"a\":1}", "x\ny"}));
  EXPECT_EQ(reader_.last_id(), "c2");
}

TEST_F(ServerSentEvents, CommentsAreNone) {
  reader_.feed(": still here\n\n:\n\nevent: other\n\n");
  EXPECT_TRUE(seen_.empty());
}

TEST_F(ServerSentEvents, WhatWasIncompleteDoesNotMoveTheCursor) {
  reader_.feed("id: c1\ndata: x\n\nid: c2\ndata: y\n");
  reader_.restart();
  EXPECT_EQ(reader_.last_id(), "c1");
  reader_.feed("id: c2\ndata: y\n\n");
  EXPECT_EQ(seen_, (std::vector<std::string>{"x", "y"}));
}

}  // namespace
}  // namespace countersign::cli
