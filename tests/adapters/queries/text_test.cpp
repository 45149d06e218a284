// Times and positions as texts.

#include <gtest/gtest.h>

#include <random>

#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::queries {
namespace {

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'790'000'000'123), "2026-09-21T14:13:20.123Z");
  EXPECT_EQ(rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsOffsetsFractionsAndLowerCase) {
  const std::vector<std::pair<const char*, domain::UnixMs>> table = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-09-21T14:13:20.123Z", 1'790'000'000'123},
      {"2026-09-21t14:13:20.123z", 1'790'000'000'123},
      {"2026-09-21 14:13:20.123Z", 1'790'000'000'123},
      {"2026-09-21T16:13:20.123+02:00", 1'790'000'000'123},
      {"2026-09-21T08:43:20.123-05:30", 1'790'000'000'123},
      {"2026-09-21T14:13:20.1Z", 1'790'000'000'100},
      {"2026-09-21T14:13:20.123456789Z", 1'790'000'000'123},
      {"2016-12-31T23:59:60Z", 1'483'228'800'000},
      {"1970-01-01T01:00:00+01:00", 0},
  };
  for (const auto& [text, time] : table) EXPECT_EQ(parse_rfc3339(text), time) << text;
}

TEST(Rfc3339, RefusesTheRest) {
  for (const auto* text : {"",
                           "2026",
                           "2026-09-21",
                           "2026-09-21T14:13:20",
                           "2026-9-21T14:13:20Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-09-21T24:00:00Z",
                           "2026-09-21T14:60:00Z",
                           "2026-09-21T14:13:61Z",
                           "2026-09-21T14:13:20.Z",
                           "2026-09-21T14:13:20.1234567890Z",
                           "2026-09-21T14:13:20+0200",
                           "2026-09-21T14:13:20+24:00",
                           "2026-09-21T14:13:20+01:60",
                           "2026-09-21T14:13:20Zz",
                           " 2026-09-21T14:13:20Z",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+01:00",
                           "-026-09-21T14:13:20Z",
                           "2026-09-21T14:13:20,5Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Rfc3339, ReadsWhatItWrites) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto time = static_cast<domain::UnixMs>(random() % 253'402'300'800'000);
    EXPECT_EQ(parse_rfc3339(rfc3339(time)), time);
  }
}

TEST(PositionText, ReadsBackAndNothingElse) {
  Position position;
  position.log.cluster.fill(0xc5);
  position.log.partition = 0x01020304;
  position.frame = bus::FrameNumber{0x0102030405060708};
  const auto text = text_of(position);
  const auto back = parse_position(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->frame, position.frame);
  EXPECT_EQ(back->log.partition, position.log.partition);
  EXPECT_TRUE(std::equal(back->log.cluster.begin(), back->log.cluster.begin() + 8, position.log.cluster.begin()));
  EXPECT_EQ(text_of(*back), text);
  EXPECT_FALSE(parse_position(""));
  EXPECT_FALSE(parse_position(text + "A"));
  EXPECT_FALSE(parse_position(text.substr(1)));
  EXPECT_FALSE(parse_position(std::string(10'000, 'A')));
}

}  // namespace
}  // namespace countersign::queries
