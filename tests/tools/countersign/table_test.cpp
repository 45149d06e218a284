#include "tools/countersign/table.h"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace countersign::cli {
namespace {

const std::vector<Column> columns{{"ID", "id"}, {"NAME", "name"}, {"IP", "client.ip"}};

boost::json::array items(const char* json) {
  return boost::json::parse(json).as_array();
}

TEST(Table, AlignsColumnsOnATerminal) {
  EXPECT_EQ(table(items(R"([{"id":1,"name":"佐藤","client":{"ip":"::1"}},{"id":22,"name":null}])"), columns, 80),
            "ID  NAME  IP\n"
            "1   佐藤  ::1\n"
            "22\n");
}

TEST(Table, CutsTheWidestColumnToTheTerminal) {
  const auto text =
      table(items(R"([{"id":"abc","name":"a very long name that does not fit","client":{"ip":"::1"}}])"), columns, 30);
  EXPECT_EQ(text.substr(text.find('\n') + 1), "abc  a very long name th…  ::1\n");
}

TEST(Table, SeparatesCellsByTabsElsewhere) {
  EXPECT_EQ(table(items(R"([{"id":true,"name":"x\ty","client":{}}])"), columns, 0),
            "ID\tNAME\tIP\ntrue\tx\\u{09}y\t\n");
}

TEST(Table, EscapesWhatOthersWrote) {
  EXPECT_EQ(table(items("[{\"id\":\"\\u001b[31m\",\"name\":\"\\u202e\"}]"), columns, 80),
            "ID          NAME      IP\n"
            "\\u{1b}[31m  \\u{202e}\n");
}

TEST(Cell, IsEmptyForWhatIsNotThere) {
  const auto object = boost::json::parse(R"({"a":{"b":3},"c":null,"d":[1,"x"]})").as_object();
  EXPECT_EQ(cell(object, "a.b"), "3");
  EXPECT_EQ(cell(object, "a.b.c"), "");
  EXPECT_EQ(cell(object, "c"), "");
  EXPECT_EQ(cell(object, "nothing"), "");
  EXPECT_EQ(cell(object, "d"), R"([1,"x"])");
}

TEST(Details, AlignsValues) {
  EXPECT_EQ(details(boost::json::parse(R"({"id":"x","status":null,"name":"y"})").as_object()),
            "id:     x\nstatus:\nname:   y\n");
}

}  // namespace
}  // namespace countersign::cli
