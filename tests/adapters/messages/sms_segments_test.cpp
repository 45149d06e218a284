#include "adapters/messages/sms_segments.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::messages {
namespace {

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

TEST(SmsSegments, Table) {
  constexpr auto gsm = SmsAlphabet::gsm_7bit, ucs = SmsAlphabet::ucs_2;
  const struct {
    std::string text;
    SmsAlphabet alphabet;
    std::size_t units, segments;
  } rows[] = {{"", gsm, 0, 0},
              {"123456", gsm, 6, 1},
              {times(160, "a"), gsm, 160, 1},
              {times(161, "a"), gsm, 161, 2},
              {times(306, "a"), gsm, 306, 2},
              {times(307, "a"), gsm, 307, 3},
              {"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", gsm, 44, 1},
              {"^{}\\[~]|€\f", gsm, 20, 1},
              {times(80, "€"), gsm, 160, 1},
              // The 153rd septet stays empty, because a character of two isn't torn apart: 76 in each.
              {times(81, "€"), gsm, 162, 2},
              {times(152, "€"), gsm, 304, 2},
              {times(153, "€"), gsm, 306, 3},
              {"ê", ucs, 1, 1},
              {"`", ucs, 1, 1},
              {"ç", ucs, 1, 1},
              {times(70, "я"), ucs, 70, 1},
              {times(71, "я"), ucs, 71, 2},
              {times(134, "я"), ucs, 134, 2},
              {times(135, "я"), ucs, 135, 3},
              {"123456 🔐", ucs, 9, 1},
              {times(35, "🔐"), ucs, 70, 1},
              // 33 pairs in each.
              {times(66, "🔐"), ucs, 132, 2},
              {times(67, "🔐"), ucs, 134, 3}};
  for (const auto& row : rows) {
    const auto size = sms_size(row.text);
    EXPECT_EQ(size.alphabet, row.alphabet) << row.text;
    EXPECT_EQ(size.units, row.units) << row.text;
    EXPECT_EQ(size.segments, row.segments) << row.text;
  }
}

}  // namespace
}  // namespace countersign::messages
