// The text that positions, cursors and thumbprints are written as.

#include "adapters/keys/rfc4648.h"

#include <gtest/gtest.h>

namespace countersign::keys {
namespace {

TEST(Base64Url, IsRfc4648sWithoutPadding) {
  const std::pair<const char*, const char*> table[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(parse_base64url(text), bytes);
  }
  for (const auto* wrong : {"Zg==", "Zh", "Z", "Zm9", "Zm 9v", "+/8", "Zg\n"})
    EXPECT_FALSE(parse_base64url(wrong)) << wrong;
}

}  // namespace
}  // namespace countersign::keys
