#include "tools/countersign/operation_reader.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <vector>

#include "tools/countersign/wire.h"

namespace countersign::cli {
namespace {

class OperationAnswer : public testing::Test {
 protected:
  /// In pieces of one character.
  bool feed(const std::string& text) {
    for (const char c : text)
      if (!reader_.feed({&c, 1})) return false;
    return true;
  }
  bool wanted_ = true;
  std::vector<std::string> seen_;
  OperationReader reader_{[this](const boost::json::object& operation) {
                            seen_.push_back(boost::json::serialize(operation));
                            return wanted_;
                          },
                          [this](const boost::json::object& row) { seen_.push_back(boost::json::serialize(row)); }};
};

TEST_F(OperationAnswer, RowsComeOneByOneBehindWhatStandsBeforeThem) {
  EXPECT_TRUE(feed(R"({"id":"op_1", "ignored_columns":["rows\":[{", "b"], "failed":2,
                       "rows": [ {"line":3,"detail":"a \"]}, b","more":[{"x":1}]} , {"line":4} ], "status" : "done"})"));
  reader_.finish();
  EXPECT_EQ(seen_, (std::vector<std::string>{R"({"id":"op_1","ignored_columns":["rows\":[{","b"],"failed":2})",
                                             R"({"line":3,"detail":"a \"]}, b","more":[{"x":1}]})", R"({"line":4})"}));
  EXPECT_EQ(boost::json::serialize(reader_.operation()),
            R"({"id":"op_1","ignored_columns":["rows\":[{","b"],"failed":2,"status":"done"})");
}

TEST_F(OperationAnswer, WithoutRowsItIsSeenAtTheEnd) {
  EXPECT_TRUE(feed(R"({"id":"op_1","rows":[]})"));
  EXPECT_TRUE(seen_.empty());
  reader_.finish();
  EXPECT_EQ(seen_, (std::vector<std::string>{R"({"id":"op_1"})"}));
}

TEST_F(OperationAnswer, RowsThatAreNotWantedAreNotRead) {
  wanted_ = false;
  EXPECT_FALSE(feed(R"({"id":"op_1","rows":[{"line":1},{"line":2)"));
  EXPECT_FALSE(reader_.feed("}"));
  reader_.finish();
  EXPECT_EQ(seen_.size(), 1u);
  EXPECT_EQ(boost::json::serialize(reader_.operation()), R"({"id":"op_1"})");
}

TEST_F(OperationAnswer, WhatIsNoOperationIsNoAnswer) {
  for (const char* text : {"", "<html>", "[]", R"({"id":)", R"({"rows":[{]]})"}) {
    EXPECT_THROW(
        {
          OperationReader reader([](const auto&) { return true; }, [](const auto&) {});
          reader.feed(text);
          reader.finish();
        },
        NoAnswer)
        << text;
  }
  EXPECT_THROW(feed("{\"id\":\"" + std::string(2 << 20, 'x')), NoAnswer);
}

}  // namespace
}  // namespace countersign::cli
