#include "tools/countersign/text.h"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace countersign::cli {
namespace {

struct Row {
  const char* sent;
  const char* shown;
};

class Escaping : public testing::TestWithParam<Row> {};

TEST_P(Escaping, ShowsWhatWasSent) {
  EXPECT_EQ(escaped(GetParam().sent), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(Table, Escaping,
                         testing::Values(Row{"plain", "plain"}, Row{"佐藤 Ágnes", "佐藤 Ágnes"},
                                         Row{"\x1b[2J", "\\u{1b}[2J"}, Row{"a\nb\tc\r", "a\\u{0a}b\\u{09}c\\u{0d}"},
                                         Row{"\x7f", "\\u{7f}"}, Row{"\u0085", "\\u{85}"},
                                         Row{"user\u202egpj.exe", "user\\u{202e}gpj.exe"},
                                         Row{"\u2066x\u2069", "\\u{2066}x\\u{2069}"}, Row{"\u200f", "\\u{200f}"},
                                         Row{"\ufeff", "\\u{feff}"}, Row{"a\xff\x62", "a\\x{ff}b"},
                                         Row{"\u0646\u0645\u06cc\u200c\u062e", "\u0646\u0645\u06cc\u200c\u062e"}));

TEST(EscapedJson, ParsesToTheSameValue) {
  const std::string json = "{\"name\":\"a\u202eb\U000e0041\"}\n";
  const auto shown = escaped_json(json);
  EXPECT_EQ(shown, "{\"name\":\"a\\u202eb\\udb40\\udc41\"}\n");
  EXPECT_EQ(boost::json::parse(shown), boost::json::parse(json));
}

TEST(Width, CountsColumnsNotBytes) {
  EXPECT_EQ(width("abc"), 3u);
  EXPECT_EQ(width("佐藤"), 4u);
  EXPECT_EQ(width("e\u0301"), 1u);
}

TEST(Shortened, CutsAtCharacters) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdef", 4), "abc…");
  EXPECT_EQ(shortened("佐藤太郎", 4), "佐…");
}

}  // namespace
}  // namespace countersign::cli
