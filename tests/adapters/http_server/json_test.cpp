#include <gtest/gtest.h>

#include "adapters/http/server/json_body.h"
#include "adapters/http/server/json_fields.h"

namespace countersign::http {
namespace {

TEST(JsonBody, TakesWhatIsJson) {
  for (const char* text : {"{}", "[]", "null", " {\"a\": [1, 2.5, true, null, \"x\"]} ", "\"\\u00e9\"",
                           "{\"a\":{\"a\":1},\"b\":{\"a\":2}}"}) {
    EXPECT_TRUE(JsonBody(text).ok()) << text;
  }
  const JsonBody body(R"({"name":"\u00e9 \ud83d\ude00","n":-5,"big":18446744073709551615})");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body.value().at("name").as_string(), "é 😀");
  EXPECT_EQ(body.value().at("n").as_int64(), -5);
}

TEST(JsonBody, RefusesWhatIsNot) {
  const std::string deep = std::string(33, '[') + std::string(33, ']'),
                    allowed = std::string(32, '[') + std::string(32, ']');
  EXPECT_TRUE(JsonBody(allowed).ok());
  for (const std::string& text : {std::string(),
                                  std::string("{"),
                                  std::string("{}x"),
                                  std::string("{}{}"),
                                  std::string("{\"a\":1,}"),
                                  std::string("{'a':1}"),
                                  std::string("{\"a\":NaN}"),
                                  std::string("{\"a\":01}"),
                                  std::string("/*x*/{}"),
                                  std::string("{\"a\":\"\xff\"}"),
                                  std::string("{\"a\":\"\xc0\xaf\"}"),
                                  std::string("{\"a\":\"\xed\xa0\x80\"}"),
                                  std::string("{\"a\":\"\\ud800\"}"),
                                  std::string("{\"a\":\"\n\"}"),
                                  std::string("{\"a\":1,\"a\":2}"),
                                  std::string("{\"a\":1,\"\\u0061\":2}"),
                                  std::string("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"),
                                  deep,
                                  std::string(100'000, '['),
                                  std::string("\xef\xbb\xbf{}")}) {
    const JsonBody body(text);
    ASSERT_FALSE(body.ok()) << text.substr(0, 50);
    EXPECT_EQ(body.problem()->status, 400u);
    EXPECT_EQ(body.problem()->code, "malformed-json");
  }
  EXPECT_NE(JsonBody("{\"a\":1,\"a\":2}").problem()->detail.find("twice"), std::string::npos);
  EXPECT_NE(JsonBody(deep).problem()->detail.find("32 levels"), std::string::npos);
}

struct Row {
  const char* text;
  unsigned status;  ///< 200: fine
  const char* pointer;
};

// One call with a field of every kind.
unsigned read_all(const std::string& text, std::string* pointers) {
  const JsonBody body(text);
  Fields fields(body.value());
  fields.text("name", {.least = 1, .most = 5});
  fields.optional_text("note", {.least = 0, .most = 10, .newlines = true});
  fields.optional_integer("days", 1, 7);
  fields.optional_boolean("on");
  constexpr std::string_view colours[] = {"red", "blue"};
  fields.optional_choice("colour", colours);
  if (fields.has("ids")) fields.texts("ids", 1, 2);
  fields.optional_object("device", [](Fields& device) { device.text("name"); });
  if (fields.has("rows")) fields.objects("rows", 0, 2, [](Fields& row) { row.integer("n", 0, 9); });
  const auto problem = fields.finish();
  if (!problem) return 200;
  for (const auto& error : problem->errors) *pointers += error.pointer + " ";
  return problem->status;
}

TEST(Fields, TableOfRightAndWrong) {
  const Row rows[] = {
      {R"({"name":"Ann"})", 200, ""},
      {R"({"name":"ééééé"})", 200, ""},
      {R"({"name":"Ann","note":"","days":7,"on":false,"colour":"blue","ids":["a"],"device":{"name":"x"},"rows":[{"n":1}]})",
       200, ""},
      {R"({"name":"Ann","note":"a\nb"})", 200, ""},
      {R"([])", 400, " "},
      {R"({})", 400, "/name "},
      {R"({"name":null})", 400, "/name "},
      {R"({"name":5})", 400, "/name "},
      {R"({"name":"Ann","nmae":"x"})", 400, "/nmae "},
      {R"({"name":"Ann","a/b~c":"x"})", 400, "/a~1b~0c "},
      {R"({"name":"Ann","days":"3"})", 400, "/days "},
      {R"({"name":"Ann","days":3.0})", 400, "/days "},
      {R"({"name":"Ann","on":1})", 400, "/on "},
      {R"({"name":"Ann","colour":1})", 400, "/colour "},
      {R"({"name":"Ann","ids":"a"})", 400, "/ids "},
      {R"({"name":"Ann","ids":["a",1]})", 400, "/ids/1 "},
      {R"({"name":"Ann","device":[]})", 400, "/device "},
      {R"({"name":"Ann","device":{}})", 400, "/device/name "},
      {R"({"name":"Ann","device":{"name":"x","y":1}})", 400, "/device/y "},
      {R"({"name":"Ann","rows":[{"n":1},{"n":"1"}]})", 400, "/rows/1/n "},
      {R"({"name":"Ann","rows":[5]})", 400, "/rows/0 /rows/0/n "},
      {R"({"name":""})", 422, "/name "},
      {R"({"name":"éééééé"})", 422, "/name "},
      {R"({"name":"A\u0000"})", 422, "/name "},
      {R"({"name":"A\u0085"})", 422, "/name "},
      {R"({"name":"A\n"})", 422, "/name "},
      {R"({"name":"Ann","note":"a\tb"})", 422, "/note "},
      {R"({"name":"Ann","days":0})", 422, "/days "},
      {R"({"name":"Ann","days":8})", 422, "/days "},
      {R"({"name":"Ann","days":18446744073709551615})", 422, "/days "},
      {R"({"name":"Ann","colour":"green"})", 422, "/colour "},
      {R"({"name":"Ann","ids":[]})", 422, "/ids "},
      {R"({"name":"Ann","ids":["a","b","c"]})", 422, "/ids "},
      {R"({"name":"Ann","rows":[{"n":10}]})", 422, "/rows/0/n "},
      {R"({"name":"","days":"3","x":1})", 400, "/days /x /name "},
  };
  for (const Row& row : rows) {
    std::string pointers;
    EXPECT_EQ(read_all(row.text, &pointers), row.status) << row.text;
    if (row.status == 200) {
      EXPECT_EQ(pointers, "") << row.text;
    } else if (std::string_view(row.text) != R"({"name":"Ann","rows":[5]})") {
      EXPECT_EQ(pointers, row.pointer) << row.text;
    }
  }
}

TEST(Fields, GiveTheValues) {
  const JsonBody body(R"({"name":"Ann","n":5,"on":true,"ids":["a","b"]})");
  Fields fields(body.value());
  EXPECT_EQ(fields.text("name"), "Ann");
  EXPECT_EQ(fields.integer("n", 0, 9), 5);
  EXPECT_TRUE(fields.boolean("on"));
  EXPECT_EQ(fields.texts("ids", 0, 9), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(fields.optional_text("none"));
  EXPECT_FALSE(fields.finish());
}

TEST(Fields, ErrorsAreBounded) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"x" + std::to_string(i) + "\":1,";
  const JsonBody body(text + "\"y\":1}");
  Fields fields(body.value());
  EXPECT_EQ(fields.finish()->errors.size(), 100u);
}

}  // namespace
}  // namespace countersign::http
