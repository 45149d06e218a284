#include "adapters/http/server/utf8.h"

#include <gtest/gtest.h>

namespace countersign::http {
namespace {

TEST(AsUtf8, LeavesWhatIsUtf8AsItIs) {
  for (const char* text : {"", "Phone/1.0", "T\xc3\xa9l\xc3\xa9phone", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x93\xb1"})
    EXPECT_EQ(as_utf8(text, 256), text);
}

TEST(AsUtf8, PutsTheReplacementCharacterForEachByteThatIsNone) {
  EXPECT_EQ(as_utf8("a\xff"
                    "b",
                    256),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(as_utf8("\xe9t\xe9", 256), "\xef\xbf\xbdt\xef\xbf\xbd");                  // Latin-1
  EXPECT_EQ(as_utf8("\xed\xa0\x80", 256), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");    // a surrogate
  EXPECT_EQ(as_utf8("x\xf0\x9f\x93", 256), "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // broken off
}

TEST(AsUtf8, CutsAtTheEndOfACharacter) {
  EXPECT_EQ(as_utf8("abc", 2), "ab");
  EXPECT_EQ(as_utf8("ab\xc3\xa9", 3), "ab");
  EXPECT_EQ(as_utf8("a\xf0\x9f\x93\xb1", 5), "a\xf0\x9f\x93\xb1");
  EXPECT_EQ(as_utf8("ab\xff", 4), "ab");
  EXPECT_EQ(as_utf8("a", 0), "");
}

}  // namespace
}  // namespace countersign::http
