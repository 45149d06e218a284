// Columns, their encoding, and counting, against the events that they were made of.

#include "projections/index/segment.h"

#include <gtest/gtest.h>

#include <random>

namespace countersign::projections {
namespace {

std::vector<IndexedEvent> some_events(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto value = [&](std::uint64_t kinds, std::uint64_t values) {
    IndexValue v;
    v.bytes[0] = static_cast<std::uint8_t>(below(kinds));
    v.bytes[16] = static_cast<std::uint8_t>(below(values));
    v.bytes[15] = static_cast<std::uint8_t>(below(values));
    return v;
  };
  std::vector<IndexedEvent> events(count);
  domain::UnixMs time = 1'790'000'000'000;
  for (auto& event : events) {
    event.time = time += static_cast<domain::UnixMs>(below(3));
    for (auto& byte : event.few) byte = static_cast<std::uint8_t>(below(7) * below(7));
    for (auto& many : event.many) many = value(3, 40);
  }
  return events;
}

std::shared_ptr<Segment> made_of(const std::vector<IndexedEvent>& events) {
  auto segment = std::make_shared<Segment>(1);
  for (const auto& event : events) segment->append(event);
  return segment;
}

TEST(Segment, IsTheEventsThatWereAppendedBeforeAndAfterItIsFrozenAndRead) {
  const auto events = some_events(5'000, 1);
  const auto segment = made_of(events);
  const auto expect_same = [&](const Segment& found) {
    ASSERT_EQ(found.size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(found.event(i), events[i]) << i;
  };
  expect_same(*segment);
  segment->freeze();
  expect_same(*segment);
  const auto read = Segment::decode(segment->encode());
  expect_same(*read);
  EXPECT_EQ(read->encode(), segment->encode());
}

TEST(Segment, RefusesBytesThatAreNone) {
  const auto segment = made_of(some_events(100, 3));
  segment->freeze();
  const auto bytes = segment->encode();
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_THROW(Segment::decode(std::string_view(bytes).substr(0, size)), std::runtime_error) << size;
  EXPECT_THROW(Segment::decode(bytes + "x"), std::runtime_error);
  auto other_version = bytes;
  other_version[0] = 100;
  EXPECT_THROW(Segment::decode(other_version), std::runtime_error);
}

TEST(Segment, MatchesAndCountsAsAWalkDoes) {
  for (const bool frozen : {false, true}) {
    const auto events = some_events(4'321, 4);
    const auto segment = made_of(events);
    if (frozen) segment->freeze();
    for (std::size_t f = 0; f < few_count; ++f)
      for (unsigned value = 0; value < 50; ++value) {
        Bits bits;
        segment->match(static_cast<Few>(f), static_cast<std::uint8_t>(value), bits);
        std::size_t walked = 0;
        for (std::size_t i = 0; i < events.size(); ++i) {
          ASSERT_EQ(bits.test(i), events[i].few[f] == value);
          walked += events[i].few[f] == value;
        }
        ASSERT_EQ(bits.count(), walked);
        ASSERT_EQ(segment->count(static_cast<Few>(f), static_cast<std::uint8_t>(value)), walked);
      }
    for (std::size_t f = 0; f < many_count; ++f) {
      const auto field = static_cast<Many>(f);
      const auto wanted = events[77].many[f];
      const auto number = segment->find(field, wanted);
      ASSERT_TRUE(number);
      Bits bits;
      segment->match(field, *number, bits);
      for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(bits.test(i), events[i].many[f] == wanted);
      IndexValue absent;
      absent.bytes.fill(0xee);
      EXPECT_FALSE(segment->find(field, absent));
    }
  }
}

TEST(Segment, CountsPairsAndNumbersOnceItIsFrozen) {
  const auto events = some_events(2'000, 5);
  const auto segment = made_of(events);
  segment->freeze();
  for (unsigned a = 0; a < 40; ++a)
    for (unsigned b = 0; b < 40; ++b) {
      const auto walked = std::ranges::count_if(events, [&](const auto& e) { return e.few[0] == a && e.few[2] == b; });
      ASSERT_EQ(segment->count(Few::type, static_cast<std::uint8_t>(a), Few::reason, static_cast<std::uint8_t>(b)),
                static_cast<std::size_t>(walked));
    }
  const auto values = segment->values(Many::subject);
  for (std::size_t n = 0; n < values.size(); ++n)
    ASSERT_EQ(segment->counts(Many::subject)[n], static_cast<std::size_t>(std::ranges::count_if(
                                                     events, [&](const auto& e) { return e.many[1] == values[n]; })));
}

TEST(Segment, HoldsAsManyValuesAsEvents) {
  Segment segment(1);
  for (std::size_t i = 0; i < Segment::most_events; ++i) {
    IndexedEvent event;
    for (auto& many : event.many) {
      many.bytes[1] = static_cast<std::uint8_t>(i);
      many.bytes[2] = static_cast<std::uint8_t>(i >> 8);
      many.bytes[3] = 1;
    }
    ASSERT_FALSE(segment.full());
    segment.append(event);
  }
  EXPECT_TRUE(segment.full());
  segment.freeze();
  const auto read = Segment::decode(segment.encode());
  EXPECT_EQ(read->event(65'535), segment.event(65'535));
  EXPECT_LT(read->memory_bytes() / Segment::most_events, 200u) << "the worst case: no value twice";
}

TEST(Bits, AreASetOfNumbers) {
  Bits bits;
  EXPECT_FALSE(bits.any());
  bits.set_range(5, 200);
  EXPECT_EQ(bits.count(), 195u);
  EXPECT_EQ(bits.count(100, 1'000), 100u);
  EXPECT_FALSE(bits.test(4));
  EXPECT_TRUE(bits.test(199));
  bits.flip(1'000);
  EXPECT_EQ(bits.count(), 805u);
  std::vector<std::size_t> up, down;
  bits.each([&](std::size_t i) { return up.push_back(i), true; });
  bits.each_back([&](std::size_t i) { return down.push_back(i), true; });
  std::ranges::reverse(down);
  EXPECT_EQ(up, down);
  EXPECT_EQ(up.size(), 805u);
  EXPECT_FALSE(bits.each([](std::size_t) { return false; }));
}

}  // namespace
}  // namespace countersign::projections
