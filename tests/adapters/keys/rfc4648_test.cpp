// The texts that positions, cursors, thumbprints and seeds are written as.

#include "adapters/keys/rfc4648.h"

#include <gtest/gtest.h>

#include <random>

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

TEST(Base32, IsWhatRfc4648Says) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base32(bytes), text);
    EXPECT_EQ(parse_base32(text), bytes);
  }
}

TEST(Base32, IsReadAsPeopleTypeIt) {
  EXPECT_EQ(parse_base32("mzxw 6ytb-oi======"), "foobar");
}

TEST(Base32, RefusesWhatItNeverMakes) {
  for (const char* text : {"0", "MZXW1", "M", "MZX", "MZXW6Y", "MZ", "MY=A", "M\xc3\x9c"})
    EXPECT_FALSE(parse_base32(text)) << text;
}

TEST(Base32, ReadsBackWhateverItMakes) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(parse_base32(base32(bytes)), bytes);
  }
}

TEST(Base16, IsReadInEitherCase) {
  EXPECT_EQ(parse_base16(""), "");
  EXPECT_EQ(parse_base16("666F6f626172"), "foobar");
  EXPECT_EQ(parse_base16("00fF"), std::string("\0\xff", 2));
  for (const char* text : {"0", "666", "6g", "66 6f", "0x66", "66\n", "\xc3\x9c"})
    EXPECT_FALSE(parse_base16(text)) << text;
}

}  // namespace
}  // namespace countersign::keys
