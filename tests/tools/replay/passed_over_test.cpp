// Which records that don't count an audit passes over, in an embedded log and in a cluster's topic.

#include "tools/replay/passed_over.h"

#include <gtest/gtest.h>

#include "tests/support/log_calls.h"

namespace countersign::replay {
namespace {

/// A log as it is written, and as an audit reads it.
class Records {
 public:
  void claim(std::uint64_t term) {
    nonce_ = {static_cast<std::uint8_t>(term)};
    put(writer_.codec().encode(bus::Claim{bus::Term{term}, nonce_, bus::TimeMs{1}, "node", "address"}));
  }
  /// The next frame as its writer makes it; `lost`: it doesn't arrive.
  void frame(bool lost = false) {
    const auto& state = writer_.state();
    const auto bytes = writer_.codec().encode(
        bus::Frame{state.term, nonce_, bus::next(state.last), state.head, bus::TimeMs{1}, {}, {}});
    lost ? (void)*writer_.take({bus::Offset{}, bytes}) : put(bytes);
  }
  /// What its writer thought is forgotten: it goes on from what an audit accepts.
  void resolve() { writer_.set(reader_.state()); }
  void write(const std::string& bytes) { all.push_back(bytes), judge(); }
  std::string& newest() { return all.back(); }

  /// What is wrong, of all that was written.
  std::string wrong(bool others_may_write) {
    bus::Acceptance judge(testing::test_identity(), testing::test_log_key, {});
    PassedOver passed_over(others_may_write);
    for (std::size_t i = 0; i < all.size(); ++i) {
      Step step;
      step.at = {bus::Offset{static_cast<std::int64_t>(i)}, all[i]};
      const auto before = judge.ignored();
      if (auto taken = judge.take(step.at); taken->has_value()) step.record = **taken;
      for (std::size_t reason = 0; reason < before.size(); ++reason)
        if (judge.ignored()[reason] != before[reason]) step.ignored = static_cast<bus::Ignored>(reason);
      step.after = judge.state();
      if (auto wrong = passed_over.take(step); !wrong.empty()) return wrong;
    }
    noise = passed_over.noise();
    superseded = passed_over.superseded();
    return passed_over.at_end();
  }

  std::vector<std::string> all;
  std::uint64_t noise = 0, superseded = 0;

 private:
  void put(const std::string& bytes) {
    (void)*writer_.take({bus::Offset{static_cast<std::int64_t>(all.size())}, bytes});
    write(bytes);
  }
  void judge() { (void)*reader_.take({bus::Offset{static_cast<std::int64_t>(all.size()) - 1}, all.back()}); }

  bus::Nonce nonce_{};
  bus::Acceptance writer_{testing::test_identity(), testing::test_log_key, {}};
  bus::Acceptance reader_{testing::test_identity(), testing::test_log_key, {}};
};

TEST(AnAudit, PassesOverWhatAStrangerWroteToATopic) {
  Records log;
  log.claim(1);
  log.frame();
  const auto genuine = log.newest();
  log.write("noise");
  log.write(genuine);
  auto forged = genuine;
  forged[forged.size() - 1] ^= 1;
  log.write(forged);
  EXPECT_EQ(log.wrong(true), "");
  EXPECT_EQ(log.noise, 3u);
  EXPECT_EQ(log.wrong(false), "does not count: damaged (after frame 1)") << "nobody else can write to an embedded log";
}

TEST(AnAudit, PassesOverASupersededWriterAnywhere) {
  Records log;
  log.claim(1);
  log.frame();
  const auto late = log.newest();
  log.claim(2);
  log.write(late);
  log.frame();
  EXPECT_EQ(log.wrong(false), "");
  EXPECT_EQ(log.superseded, 1u);
}

TEST(AnAudit, PassesOverAFrameBehindALostOneOnceItsWriterHasGoneOnWithoutBoth) {
  Records log;
  log.claim(1);
  log.frame();
  log.frame(true);
  log.frame();
  EXPECT_NE(log.wrong(true), "") << "so far the lost one may have been acknowledged";
  log.resolve();
  log.claim(2);
  EXPECT_NE(log.wrong(true), "") << "a claim says nothing of what was before it";
  log.frame();
  EXPECT_EQ(log.wrong(true), "");
  EXPECT_EQ(log.superseded, 1u);
}

TEST(AnAudit, FindsAFrameThatWasChangedOrTakenAwayWhateverFollows) {
  for (const bool changed : {true, false}) {
    Records log;
    log.claim(1);
    log.frame();
    log.frame();
    const auto at = log.all.size() - 1;
    log.frame();
    log.claim(2);
    log.frame();
    ASSERT_EQ(log.wrong(true), "");
    if (changed)
      log.all[at][40] ^= 1;
    else
      log.all.erase(log.all.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_EQ(log.wrong(true),
              "the record at offset " + std::to_string(changed ? 3 : 2) +
                  " does not count: wrong_number (after frame 1), and nothing goes on from that frame");
  }
}

}  // namespace
}  // namespace countersign::replay
