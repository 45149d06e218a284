#include "bus/acceptance.h"

#include <gtest/gtest.h>

#include "bus/frame_reader.h"
#include "bus/memory_log.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

Nonce nonce_of(std::uint8_t byte) {
  Nonce nonce;
  nonce.fill(byte);
  return nonce;
}

/// A log in term 5 with frame 1 accepted.
class Acceptances : public ::testing::Test {
 protected:
  Acceptances() {
    EXPECT_TRUE(take(codec.encode(claim(5, 1))));
    EXPECT_TRUE(take(codec.encode(frame())));
  }

  bool take(const std::string& bytes) {
    const auto taken = acceptance.take({Offset{next_offset++}, bytes});
    return taken.value().has_value();
  }

  /// Why the record is ignored; nothing when it counts.
  std::optional<Ignored> reason(const std::string& bytes) {
    const IgnoredCounts before = acceptance.ignored();
    if (take(bytes)) return std::nullopt;
    for (std::size_t i = 0; i < ignored_reasons; ++i) {
      if (acceptance.ignored()[i] != before[i]) return Ignored{static_cast<std::uint8_t>(i)};
    }
    ADD_FAILURE() << "ignored and not counted";
    return std::nullopt;
  }

  static Claim claim(std::uint64_t term, std::uint8_t nonce) {
    return {Term{term}, nonce_of(nonce), TimeMs{1000}, "node", "address"};
  }
  /// The one that comes next.
  Frame frame() const {
    const AcceptanceState& state = acceptance.state();
    return {state.term, state.nonce, next(state.last), state.head, TimeMs{2000}, {"event"}, {}};
  }
  Release release() const {
    const AcceptanceState& state = acceptance.state();
    return {state.term, state.nonce, next(state.last), state.head, "b"};
  }

  std::int64_t next_offset = 0;
  FrameCodec codec{testing::test_identity(), testing::test_log_key};
  Acceptance acceptance{testing::test_identity(), testing::test_log_key, {}};
};

struct Case {
  const char* name;
  Ignored reason;
  std::function<std::string(FrameCodec&, Frame next, Claim claim)> record;
};

class EveryReasonToIgnore : public Acceptances, public ::testing::WithParamInterface<Case> {};

TEST_P(EveryReasonToIgnore, LeavesTheStateButForWhereReadingGoesOn) {
  AcceptanceState expected = acceptance.state();
  expected.next = Offset{value(expected.next) + 1};
  EXPECT_EQ(reason(GetParam().record(codec, frame(), claim(6, 2))), GetParam().reason);
  EXPECT_EQ(acceptance.state(), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EveryReasonToIgnore,
    ::testing::Values(
        Case{"damaged", Ignored::damaged, [](auto& codec, Frame f, Claim) { return codec.encode(f).substr(0, 40); }},
        Case{"empty", Ignored::damaged, [](auto&, Frame, Claim) { return std::string(); }},
        Case{"forged", Ignored::forged,
             [](auto&, Frame f, Claim) { return FrameCodec(testing::test_identity(), "other key").encode(f); }},
        Case{"wrong_cluster", Ignored::wrong_cluster,
             [](auto&, Frame f, Claim) { return FrameCodec({}, testing::test_log_key).encode(f); }},
        Case{"wrong_partition", Ignored::wrong_partition,
             [](auto&, Frame f, Claim) {
               LogIdentity other = testing::test_identity();
               other.partition = 1;
               return FrameCodec(other, testing::test_log_key).encode(f);
             }},
        Case{"claim_of_the_same_term", Ignored::stale_claim,
             [](auto& codec, Frame, Claim c) {
               c.term = Term{5};
               return codec.encode(c);
             }},
        Case{"claim_of_an_older_term", Ignored::stale_claim,
             [](auto& codec, Frame, Claim c) {
               c.term = Term{4};
               return codec.encode(c);
             }},
        Case{"older_term", Ignored::wrong_term,
             [](auto& codec, Frame f, Claim) {
               f.term = Term{4};
               return codec.encode(f);
             }},
        Case{"newer_term_never_claimed", Ignored::wrong_term,
             [](auto& codec, Frame f, Claim) {
               f.term = Term{6};
               return codec.encode(f);
             }},
        Case{"competing_claim_of_the_same_term", Ignored::wrong_nonce,
             [](auto& codec, Frame f, Claim) {
               f.nonce = nonce_of(9);
               return codec.encode(f);
             }},
        Case{"number_repeated", Ignored::wrong_number,
             [](auto& codec, Frame f, Claim) {
               f.number = FrameNumber{1};
               return codec.encode(f);
             }},
        Case{"number_left_out", Ignored::wrong_number,
             [](auto& codec, Frame f, Claim) {
               f.number = FrameNumber{3};
               return codec.encode(f);
             }},
        Case{"another_history", Ignored::wrong_head,
             [](auto& codec, Frame f, Claim) {
               f.previous[31] ^= 1;
               return codec.encode(f);
             }},
        Case{"release_of_another_history", Ignored::wrong_head,
             [](auto& codec, Frame f, Claim) {
               f.previous[0] ^= 1;
               return codec.encode(Release{f.term, f.nonce, f.number, f.previous, ""});
             }}),
    [](const auto& row) { return row.param.name; });

TEST_F(Acceptances, AGreaterTermIsAcceptedAndKeepsTheFrameNumber) {
  const AcceptanceState before = acceptance.state();
  const std::string bytes = codec.encode(claim(9, 2));
  EXPECT_TRUE(take(bytes));
  EXPECT_EQ(acceptance.state().term, Term{9});
  EXPECT_EQ(acceptance.state().last, before.last);
  EXPECT_EQ(acceptance.state().head, sha256(std::string(view(before.head)) + bytes));
}

TEST_F(Acceptances, AFrameMovesNumberTimeAndHead) {
  const AcceptanceState before = acceptance.state();
  const std::string bytes = codec.encode(frame());
  EXPECT_TRUE(take(bytes));
  EXPECT_EQ(acceptance.state().last, FrameNumber{2});
  EXPECT_EQ(acceptance.state().time, TimeMs{2000});
  EXPECT_EQ(acceptance.state().head, sha256(std::string(view(before.head)) + bytes));
}

TEST_F(Acceptances, TheFrameOfAWriterThatLostThePartitionIsIgnored) {
  const std::string late = codec.encode(frame());
  EXPECT_TRUE(take(codec.encode(claim(6, 2))));
  EXPECT_EQ(reason(late), Ignored::wrong_term);
}

TEST_F(Acceptances, AFrameAppendedTwiceCountsOnce) {
  const std::string bytes = codec.encode(frame());
  EXPECT_TRUE(take(bytes));
  EXPECT_EQ(reason(bytes), Ignored::wrong_number);
}

TEST_F(Acceptances, AReleaseTakesANumberAndEndsTheTerm) {
  EXPECT_TRUE(take(codec.encode(release())));
  EXPECT_TRUE(acceptance.state().released);
  EXPECT_EQ(acceptance.state().last, FrameNumber{2});
  EXPECT_TRUE(take(codec.encode(claim(6, 2))));
  EXPECT_FALSE(acceptance.state().released);
}

TEST_F(Acceptances, TheFormatOfALogIsTheNewestThatARecordOfItHas) {
  EXPECT_EQ(acceptance.state().format, 1);
  auto raising = release();
  raising.format = 2;
  EXPECT_EQ(reason(codec.encode(Claim{Term{1}, {}, {}, "node", "", 2})), Ignored::stale_claim);
  EXPECT_EQ(acceptance.state().format, 1) << "what doesn't count raises nothing";
  EXPECT_TRUE(take(codec.encode(raising)));
  EXPECT_EQ(acceptance.state().format, 2);
  EXPECT_TRUE(take(codec.encode(claim(6, 2))));
  EXPECT_EQ(acceptance.state().format, 2);
}

TEST_F(Acceptances, AStateComesBackFromItsBytes) {
  take(codec.encode(release()));
  EXPECT_EQ(decode_acceptance_state(encode(acceptance.state())), acceptance.state());
}

TEST_F(Acceptances, BytesThatAreNoStateAreRefused) {
  const std::string bytes = encode(acceptance.state());
  EXPECT_FALSE(decode_acceptance_state(""));
  EXPECT_FALSE(decode_acceptance_state(encode(AcceptanceState{}) + "x"));
  EXPECT_FALSE(decode_acceptance_state(bytes.substr(1)));
  EXPECT_FALSE(decode_acceptance_state("\x7f" + bytes.substr(1)));
}

TEST_F(Acceptances, AReaderYieldsWhatCountsAndReportsTheRest) {
  MemoryLog log;
  Acceptance writer(testing::test_identity(), testing::test_log_key, {});
  const auto write = [&](const std::string& bytes) {
    writer.take({testing::append(log, bytes).offset, bytes}).value();
  };
  write(codec.encode(claim(1, 1)));
  for (int i = 0; i < 3; ++i) {
    const AcceptanceState& at = writer.state();
    write("rubbish");
    write(codec.encode(Frame{at.term, at.nonce, next(at.last), at.head, TimeMs{i}, {"event"}, {}}));
  }
  FrameReader reader(log, testing::test_identity(), testing::test_log_key, {}, 100);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    const auto read = reader.next_frame();
    ASSERT_TRUE(read.has_value() && *read);
    EXPECT_EQ((*read)->frame()->number, FrameNumber{number});
    EXPECT_EQ((*read)->frame()->events.front(), "event");
  }
  EXPECT_EQ(*reader.next_frame(), nullptr);
  EXPECT_EQ(reader.ignored()[static_cast<std::size_t>(Ignored::damaged)], 3u);
  EXPECT_EQ(reader.state(), writer.state());
}

TEST_F(Acceptances, AReaderStopsAtANewerFormatAndSaysWhichReleaseReadsIt) {
  std::string bytes = codec.encode(frame());
  bytes[7] = 3;
  bytes[10] = 4;
  const std::size_t signed_size = bytes.size() - record_mac_bytes;
  HmacSha256 mac(testing::test_log_key);
  bytes.replace(signed_size, record_mac_bytes, view(mac(std::string_view(bytes).substr(0, signed_size))));
  MemoryLog log;
  testing::append(log, bytes);
  FrameReader reader(log, testing::test_identity(), testing::test_log_key, {});
  EXPECT_EQ(reader.next().error(), errc::newer_format);
  EXPECT_NE(reader.error_text().find("0.4.0"), std::string::npos);
  EXPECT_EQ(reader.state(), AcceptanceState{});
}

}  // namespace
}  // namespace countersign::bus
