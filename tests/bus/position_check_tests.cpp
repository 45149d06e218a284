#include "bus/position_check.h"

#include <gtest/gtest.h>

#include "bus/memory_log.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

/// A log of two terms, with records that don't count among those that do.
class APosition : public ::testing::Test {
 protected:
  void SetUp() override {
    claim(1, 1);
    for (int i = 0; i < 100; ++i) frame();
    zombie_ = frame();
    write(codec.encode(Release{Term{1}, Nonce{1}, next(state.last), state.head, "b"}));
    claim(2, 2);
    for (int i = 0; i < 100; ++i) {
      frame();
      ignored(i % 3 == 0 ? "a stranger's record" : zombie_);
    }
  }

  void write(const std::string& bytes) {
    const auto offset = log.partition().write(bytes);
    log.partition().sync();
    acceptance.take({offset, bytes}).value();
    state = acceptance.state();
    states.push_back(state);
  }
  void claim(std::uint64_t term, std::uint8_t nonce) {
    write(codec.encode(Claim{Term{term}, Nonce{nonce}, TimeMs{1000}, "node", "address"}));
  }
  std::string frame() {
    const auto bytes = codec.encode(Frame{state.term, state.nonce, next(state.last), state.head, {}, {"event"}, {}});
    write(bytes);
    return bytes;
  }
  void ignored(const std::string& bytes) { write(bytes); }
  bool leads(const AcceptanceState& to) {
    return leads_to(log, testing::test_identity(), testing::test_log_key, to).value();
  }

  MemoryLog log;
  FrameCodec codec{testing::test_identity(), testing::test_log_key};
  Acceptance acceptance{testing::test_identity(), testing::test_log_key, {}};
  AcceptanceState state;
  std::vector<AcceptanceState> states;
  std::string zombie_;
};

TEST_F(APosition, OfAnyRecordIsOneThatTheLogLeadsTo) {
  EXPECT_TRUE(leads({}));
  for (const auto& each : states) ASSERT_TRUE(leads(each)) << value(each.next);
}

TEST_F(APosition, BehindManyRecordsThatDontCountIsFound) {
  for (int i = 0; i < 1000; ++i) ignored(zombie_);
  EXPECT_TRUE(leads(state));
}

TEST_F(APosition, ThatSaysAnythingElseIsNone) {
  const auto changed = [this](auto change) {
    auto other = state;
    change(other);
    return leads(other);
  };
  EXPECT_FALSE(changed([](auto& s) { s.head[0] ^= 1; }));
  EXPECT_FALSE(changed([](auto& s) { s.last = next(s.last); }));
  EXPECT_FALSE(changed([](auto& s) { s.term = Term{3}; }));
  EXPECT_FALSE(changed([](auto& s) { s.nonce[0] ^= 1; }));
  EXPECT_FALSE(changed([](auto& s) { s.released = true; }));
  EXPECT_FALSE(changed([](auto& s) { s.next = Offset{value(s.next) - 2}; })) << "its frame isn't there yet";
  EXPECT_FALSE(changed([](auto& s) { s.next = Offset{value(s.next) + 1}; })) << "beyond the log's end";
}

TEST_F(APosition, OfAnotherLogIsNone) {
  MemoryLog empty;
  EXPECT_FALSE(leads_to(empty, testing::test_identity(), testing::test_log_key, state).value());
  EXPECT_FALSE(leads_to(log, testing::test_identity(), "another key of the same length..", state).value());
}

TEST_F(APosition, IsUnknownWhileTheLogCantBeRead) {
  log.set_unreadable(true);
  EXPECT_TRUE(leads_to(log, testing::test_identity(), testing::test_log_key, state).has_error());
}

}  // namespace
}  // namespace countersign::bus
