#include "bus/format.h"
#include "tests/bus/sequencers.h"

namespace countersign::bus {
namespace {

using testing::Command;

TEST_F(Sequencers, KeepToTheLogsFormatUntilAFrameRaisesIt) {
  const auto format_of = [](const std::string& record) {
    FrameCodec codec(testing::test_identity(), testing::test_log_key);
    const auto decoded = codec.decode(record);
    return std::visit([](const auto& any) { return any.format; }, *decoded);
  };
  FrameCodec older(testing::test_identity(), testing::test_log_key);
  log.write(older.encode(Claim{Term{1}, Nonce{9}, now, "older", ""}));
  sequencer->start();
  run();
  EXPECT_EQ(format_of(log.held.front().record), 1);
  log.succeed();
  run();
  auto first = set("a");
  run();
  auto raising = submit({Command::Kind::upgrade, "b", "r:b", "1", {}});
  run();
  EXPECT_EQ(format_of(log.held.front().record), 1);
  EXPECT_EQ(format_of(log.held.back().record), 2);
  log.succeed();
  run();
  EXPECT_EQ(sequencer->status().format, 1);
  auto behind = set("c");  // on top of a frame that isn't durable yet
  run();
  EXPECT_EQ(format_of(log.held.back().record), 2);
  log.succeed();
  log.succeed();
  run();
  EXPECT_TRUE(answered(first) && answered(raising) && answered(behind));
  EXPECT_EQ(sequencer->status().format, 2);
  sequencer->stop("", [] {});
  run();
  EXPECT_EQ(format_of(log.held.back().record), 2);
}

TEST_F(Sequencers, BeginALogWithTheNewestFormat) {
  serve();
  EXPECT_EQ(sequencer->status().format, newest_format());
}

}  // namespace
}  // namespace countersign::bus
