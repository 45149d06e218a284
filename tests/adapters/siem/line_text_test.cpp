// Text on its way into lines: what would mislead is shown by its number, everything else stays.

#include "adapters/siem/line_text.h"

#include <gtest/gtest.h>

namespace countersign::siem::test {
namespace {

using namespace std::string_literals;

TEST(LineText, MisleadingCharactersAreShownByTheirNumbers) {
  EXPECT_EQ(visible("a\0b\x1b[2J\x7f"s), "a<U+0000>b<U+001B>[2J<U+007F>");
  EXPECT_EQ(visible("two\r\nlines\tand"), "two<U+000D><U+000A>lines<U+0009>and");
  EXPECT_EQ(visible("\xe2\x80\xae"
                    "txt.exe"),
            "<U+202E>txt.exe");
  EXPECT_EQ(visible("\xe2\x81\xa6"
                    "x\xe2\x81\xa9"),
            "<U+2066>x<U+2069>");
  EXPECT_EQ(visible("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9"), "<U+0085><U+2028><U+2029>");
  EXPECT_EQ(visible("\xef\xbb\xbf\xe2\x80\x8b\xf3\xa0\x81\x81"), "<U+FEFF><U+200B><U+E0041>");
}

TEST(LineText, WhatPeopleAreCalledStays) {
  for (const auto* name :
       {"Zo\xc3\xab O'Brien-\xc5\x81uk", "\xe6\x97\xa5\xe6\x9c\xac", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
        "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7", "a|b=c\\d]e\"f", ""})
    EXPECT_EQ(visible(name), name);
}

TEST(LineText, LineBreaksStayForFormatsThatEscapeThem) {
  EXPECT_EQ(visible("a\r\nb\tc", true), "a\r\nb<U+0009>c");
}

TEST(LineText, WhatIsNotUtf8IsReplacedByteByByte) {
  const auto bytes =
      "a\xff"
      "b\xc3 \xed\xa0\x80"
      "c\xe2\x80"s;
  const auto expected =
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
      "c\xef\xbf\xbd\xef\xbf\xbd"s;
  EXPECT_EQ(visible(bytes), expected);
  EXPECT_EQ(valid_utf8(bytes), expected);
  EXPECT_EQ(valid_utf8("Zo\xc3\xab\n"), "Zo\xc3\xab\n");
}

TEST(LineText, IsCutAtACharactersEnd) {
  EXPECT_EQ(cut("Zo\xc3\xab", 4), "Zo\xc3\xab");
  EXPECT_EQ(cut("Zo\xc3\xab", 3), "Zo");
  EXPECT_EQ(cut("\xf0\x9f\x91\xa9", 3), "");
  EXPECT_EQ(cut("abc", 0), "");
}

}  // namespace
}  // namespace countersign::siem::test
