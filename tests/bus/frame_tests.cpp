#include "bus/frame.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bus/partition_log.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

FrameCodec test_codec() {
  return {testing::test_identity(), testing::test_log_key};
}

Nonce a_nonce() {
  Nonce nonce;
  nonce.fill(0xa5);
  return nonce;
}

Bytes32 a_head() {
  Bytes32 head;
  head.fill(0x5a);
  return head;
}

Claim a_claim() {
  return {Term{3}, a_nonce(), TimeMs{1'700'000'000'000}, "node-a", "https://a.example:8421"};
}
Frame a_frame() {
  return {Term{3}, a_nonce(), FrameNumber{42}, a_head(), TimeMs{1'700'000'000'001}, {"event one", "two"}, {"answer"}};
}
Release a_release() {
  return {Term{3}, a_nonce(), FrameNumber{43}, a_head(), "node-b"};
}

template <class Kind>
void expect_round_trip(const Kind& record) {
  const std::string bytes = test_codec().encode(record);
  const auto decoded = test_codec().decode(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_EQ(std::get<Kind>(*decoded), record);
}

TEST(AFrame, ComesBackAsItWas) {
  expect_round_trip(a_frame());
}
TEST(AFrame, MayBeEmpty) {
  expect_round_trip(Frame{});
}
TEST(AClaim, ComesBackAsItWas) {
  expect_round_trip(a_claim());
}
TEST(ARelease, ComesBackAsItWas) {
  expect_round_trip(a_release());
}

std::string golden(const std::string& name) {
  std::ifstream file(COUNTERSIGN_GOLDEN_DIR "/" + name, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// COUNTERSIGN_WRITE_GOLDEN=1 writes the file anew: only for a new format, never to make this pass.
void expect_golden(const std::string& name, const std::string& bytes) {
  if (std::getenv("COUNTERSIGN_WRITE_GOLDEN")) {
    std::ofstream(COUNTERSIGN_GOLDEN_DIR "/" + name, std::ios::binary) << bytes;
  }
  EXPECT_EQ(bytes, golden(name)) << "logs in the field would not be read any more";
}

TEST(TheRecordFormat, IsThatOfTheGoldenFiles) {
  FrameCodec codec = test_codec();
  expect_golden("claim.bin", codec.encode(a_claim()));
  expect_golden("frame.bin", codec.encode(a_frame()));
  expect_golden("release.bin", codec.encode(a_release()));
}

TEST(TheRecordFormat, IsReadFromTheGoldenFiles) {
  const std::string bytes = golden("frame.bin");
  const auto decoded = test_codec().decode(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(std::get<Frame>(*decoded), a_frame());
}

TEST(ARecord, WithAnyBitFlippedIsNotBelieved) {
  const std::string bytes = test_codec().encode(a_frame());
  FrameCodec codec = test_codec();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto decoded = codec.decode(flipped);
    ASSERT_TRUE(decoded.has_error());
    ASSERT_TRUE(decoded.error() == errc::forged || decoded.error() == errc::damaged);
  }
}

TEST(ARecord, CutAnywhereIsNotBelieved) {
  const std::string bytes = test_codec().encode(a_claim());
  FrameCodec codec = test_codec();
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_TRUE(codec.decode(bytes.substr(0, size)).has_error());
}

TEST(ARecord, UnderAnotherKeyIsForged) {
  FrameCodec stranger(testing::test_identity(), "another key");
  EXPECT_EQ(test_codec().decode(stranger.encode(a_frame())).error(), errc::forged);
}

TEST(ARecord, OfAnotherClusterIsRefused) {
  LogIdentity other = testing::test_identity();
  other.cluster[0] ^= 1;
  EXPECT_EQ(test_codec().decode(FrameCodec(other, testing::test_log_key).encode(a_frame())).error(),
            errc::wrong_cluster);
}

TEST(ARecord, OfAnotherPartitionIsRefused) {
  LogIdentity other = testing::test_identity();
  other.partition = 7;
  EXPECT_EQ(test_codec().decode(FrameCodec(other, testing::test_log_key).encode(a_frame())).error(),
            errc::wrong_partition);
}

/// Header bytes changed as a later release would write them, under the right key.
std::string as_a_later_release_writes(std::string bytes, std::uint8_t reader_format) {
  bytes[5] = 3;
  bytes[7] = static_cast<char>(reader_format);
  bytes[10] = 9;
  const std::size_t signed_size = bytes.size() - record_mac_bytes;
  HmacSha256 mac(testing::test_log_key);
  bytes.replace(signed_size, record_mac_bytes, view(mac(std::string_view(bytes).substr(0, signed_size))));
  return bytes;
}

TEST(AFormat, StandsInARecordWithTheReleaseThatReadsIt) {
  auto frame = a_frame();
  for (const std::uint16_t format : {1, 2}) {
    frame.format = format;
    const auto bytes = test_codec().encode(frame);
    EXPECT_EQ(std::get<Frame>(*test_codec().decode(bytes)).format, format);
    EXPECT_EQ(bytes[10], format);  // releases 0.1.0 and 0.2.0
  }
  frame.format = 3;
  EXPECT_THROW((void)test_codec().encode(frame), std::invalid_argument);
}

TEST(ANewerFormat, IsNamedWithTheReleaseThatReadsIt) {
  const std::string bytes = as_a_later_release_writes(test_codec().encode(a_frame()), 3);
  EXPECT_EQ(test_codec().decode(bytes).error(), errc::newer_format);
  EXPECT_NE(describe_newer_format(bytes).find("install release 0.9.0 or newer"), std::string::npos);
}

TEST(ANewerFormat, IsReadWhenItSaysThatThisReaderMay) {
  EXPECT_TRUE(test_codec().decode(as_a_later_release_writes(test_codec().encode(a_frame()), 1)).has_value());
}

TEST(ANewerFormat, OfAStrangerIsOnlyAForgery) {
  std::string bytes = as_a_later_release_writes(test_codec().encode(a_frame()), 3);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(test_codec().decode(bytes).error(), errc::forged);
}

TEST(AFrame, IsNeverLargerThanItsBound) {
  for (const std::size_t size : {0, 1, 7, 8, 9, 100, 5000}) {
    for (const std::size_t count : {0, 1, 3, 40}) {
      FrameContents contents;
      contents.events.assign(count, std::string(size, 'e'));
      contents.answers.assign(count, std::string(size, 'a'));
      Frame frame = a_frame();
      frame.events.assign(contents.events.begin(), contents.events.end());
      frame.answers.assign(contents.answers.begin(), contents.answers.end());
      EXPECT_LE(test_codec().encode(frame).size(), encoded_size_bound(contents));
    }
  }
}

TEST(AFrame, AboveTheLimitIsABrokenPromiseOfItsBatch) {
  const std::string large(max_record_bytes, 'x');
  Frame frame = a_frame();
  frame.events = {large};
  EXPECT_THROW(test_codec().encode(frame), std::length_error);
}

TEST(AFrame, HoldsItsEventsAlignedForReadingInPlace) {
  const std::string bytes = test_codec().encode(a_frame());
  const auto decoded = test_codec().decode(bytes);
  for (const auto event : std::get<Frame>(*decoded).events) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(event.data()) % 8, 0u);
  }
}

}  // namespace
}  // namespace countersign::bus
