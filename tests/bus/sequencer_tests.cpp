#include "tests/bus/sequencers.h"

namespace countersign::bus {
namespace {

using testing::Command;
using testing::RegisterWork;
using namespace std::chrono_literals;

TEST_F(Sequencers, ClaimATermBeforeTheyServe) {
  sequencer->start();
  auto early = set("early");
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::claiming);
  ASSERT_EQ(log.held.size(), 1u);
  log.succeed();
  run();
  EXPECT_EQ(sequencer->state().term, Term{1});
  log.succeed();
  run();
  EXPECT_TRUE(answered(early));
}

TEST_F(Sequencers, AnswerOnlyWhatIsDurable) {
  serve();
  auto result = set("a");
  run();
  EXPECT_FALSE(result->settlement);
  log.succeed();
  run();
  ASSERT_TRUE(answered(result));
  EXPECT_EQ(result->settlement->frame, FrameNumber{1});
  EXPECT_EQ(decider.visible("r:a"), "1");
}

TEST_F(Sequencers, HoldARefusalUntilTheFrameItRestsOnIsDurable) {
  serve();
  set("a");
  run();
  auto refusal = look("b");
  run();
  EXPECT_FALSE(refusal->settlement);
  log.succeed();
  run();
  ASSERT_TRUE(answered(refusal));
  EXPECT_EQ(refusal->outcome.answer, "1");
  EXPECT_EQ(refusal->settlement->frame, FrameNumber{1});
}

TEST_F(Sequencers, AnswerARefusalAtOnceWhenNothingIsInFlight) {
  serve();
  auto refusal = look("a");
  run();
  EXPECT_TRUE(answered(refusal));
  EXPECT_TRUE(log.held.empty());
}

TEST_F(Sequencers, HoldTheReplayedAnswerOfAFrameInFlight) {
  serve();
  set("a", "first");
  run();
  auto again = set("a", "second");
  run();
  EXPECT_FALSE(again->settlement);
  log.succeed();
  run();
  ASSERT_TRUE(answered(again));
  EXPECT_TRUE(again->outcome.replayed);
  EXPECT_EQ(again->outcome.answer, "first");
}

TEST_F(Sequencers, RunTheNextBatchWhileTheLogWrites) {
  serve();
  set("a");
  run();
  set("b");
  run();
  EXPECT_EQ(log.held.size(), 2u);
}

TEST_F(Sequencers, KeepNoMoreFramesInFlightThanAllowedAndBatchWhatWaits) {
  serve();
  for (int i = 0; i < 6; ++i) {
    set(std::to_string(i));
    run();
  }
  EXPECT_EQ(log.held.size(), limits.frames_in_flight);
  EXPECT_EQ(sequencer->status().queue_depth, 4u);
  log.succeed();
  run();
  EXPECT_EQ(log.held.size(), limits.frames_in_flight);
  EXPECT_EQ(sequencer->status().queue_depth, 0u);
}

TEST_F(Sequencers, HaveJudgedWhatStrangersWroteThoughNobodyAsksThemForAnything) {
  serve();
  log.write("a stranger's record");
  sequencer->look();
  run();
  EXPECT_EQ(sequencer->judged_up_to(), log.end().value());
  EXPECT_EQ(sequencer->status().ignored[static_cast<std::size_t>(Ignored::damaged)], 1u);
}

TEST_F(Sequencers, TakeReportsThatComeOutOfOrder) {
  serve();
  auto first = set("a");
  run();
  auto second = set("b");
  run();
  auto held_first = log.take();
  auto held_second = log.take();
  const Offset first_offset = log.write(held_first.record);
  const Offset second_offset = log.write(held_second.record);
  held_second.handler({AppendOutcome::durable, second_offset, {}});
  run();
  EXPECT_FALSE(second->settlement);
  held_first.handler({AppendOutcome::durable, first_offset, {}});
  run();
  EXPECT_TRUE(answered(first) && answered(second));
}

TEST_F(Sequencers, ReadWhatStandsBetweenTheirRecords) {
  serve();
  auto result = set("a");
  run();
  log.write("a stranger's record");
  log.succeed();
  run();
  EXPECT_TRUE(answered(result));
  EXPECT_EQ(sequencer->status().ignored[static_cast<std::size_t>(Ignored::damaged)], 1u);
}

TEST_F(Sequencers, StepDownWhenAnotherClaimStandsBeforeTheirFrame) {
  serve();
  auto result = set("a");
  run();
  FrameCodec other(testing::test_identity(), testing::test_log_key);
  log.write(other.encode(Claim{Term{2}, Nonce{9}, now, "other", "elsewhere"}));
  log.succeed();
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::not_owner);
  EXPECT_EQ(result->settlement->error, errc::not_owner);
  submit({Command::Kind::set, "b", "r:a", "1", {}}, errc::not_owner);
}

TEST_F(Sequencers, StepDownWhenACompetingClaimOfTheSameTermCameFirst) {
  sequencer->start();
  run();
  FrameCodec other(testing::test_identity(), testing::test_log_key);
  log.write(other.encode(Claim{Term{1}, Nonce{9}, now, "other", "elsewhere"}));
  log.succeed();
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::not_owner);
}

TEST_F(Sequencers, PublishAFrameInDoubtThatIsFoundInTheLog) {
  serve();
  auto result = set("a");
  run();
  const auto held = log.take();
  log.write(held.record);
  held.handler({AppendOutcome::in_doubt, {}, errc::io_error});
  run();
  ASSERT_TRUE(answered(result)) << "it was read back, so it is durable, and it counts";
  EXPECT_EQ(sequencer->phase(), SequencerPhase::resolving);
  log.succeed();  // the claim
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::serving);
  EXPECT_EQ(result->settlement->frame, FrameNumber{1});
  EXPECT_EQ(sequencer->state().term, Term{2});
}

TEST_F(Sequencers, DecideAgainWhatWasDecidedOnADeadFrame) {
  serve();
  auto first = set("a", "dead?");
  run();
  auto refusal = look("b");
  run();
  const auto dead = log.take();
  dead.handler({AppendOutcome::in_doubt, {}, errc::io_error});
  run();
  log.succeed();  // the claim; the frame is not in the log before it
  run();
  log.write(dead.record);  // it turns up late, and is of a former term
  EXPECT_FALSE(first->settlement || refusal->settlement);
  log.succeed();
  run();
  EXPECT_TRUE(answered(first) && answered(refusal));
  EXPECT_EQ(refusal->outcome.answer, "dead?");
  EXPECT_EQ(sequencer->status().ignored[static_cast<std::size_t>(Ignored::wrong_term)], 1u);
  EXPECT_EQ(sequencer->durable_frame(), FrameNumber{1});
}

TEST_F(Sequencers, ThrowAwayARefusalThatSawADeadFrame) {
  limits.works_per_batch = 1;
  make({});
  serve();
  set("a", "never");
  run();
  auto refusal = look("b");
  run();
  log.fail(AppendOutcome::not_written, errc::no_space);
  run();
  ASSERT_TRUE(answered(refusal));
  EXPECT_EQ(refusal->outcome.answer, "");
}

TEST_F(Sequencers, ClaimAgainWithAHigherTermWhenAClaimIsInDoubt) {
  sequencer->start();
  run();
  const auto doubtful = log.take();
  doubtful.handler({AppendOutcome::in_doubt, {}, errc::io_error});
  executor->advance(limits.retry_after);
  log.succeed();
  log.write(doubtful.record);
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::serving);
  EXPECT_EQ(sequencer->state().term, Term{2});
}

TEST_F(Sequencers, AnswerNoSpaceAndServeOnWithoutAClaim) {
  serve();
  auto refused = set("a");
  run();
  log.fail(AppendOutcome::not_written, errc::no_space);
  run();
  EXPECT_EQ(refused->settlement->error, errc::no_space);
  auto later = set("a");
  run();
  log.succeed();
  run();
  EXPECT_TRUE(answered(later));
  EXPECT_EQ(sequencer->state().term, Term{1});
  EXPECT_EQ(sequencer->durable_frame(), FrameNumber{1});
}

TEST_F(Sequencers, AnswerOutcomeUnknownWhenTheLogStaysSilent) {
  serve();
  auto result = set("a");
  run();
  log.fail(AppendOutcome::in_doubt, errc::io_error);
  run();
  auto waiting = set("b");
  executor->advance(limits.give_up_after);
  EXPECT_EQ(result->settlement->error, errc::outcome_unknown);
  EXPECT_EQ(waiting->settlement->error, errc::unavailable);
}

TEST_F(Sequencers, RefuseWhatTheQueueCantHold) {
  limits.queue.interactive = 3;
  make({});
  for (int i = 0; i < 3; ++i) set(std::to_string(i));
  submit({Command::Kind::set, "one too many", "r:a", "1", {}}, errc::queue_full);
  EXPECT_EQ(sequencer->status().queue_full, 1u);
}

TEST_F(Sequencers, PauseWhileTheViewsAreTooFarBehind) {
  serve();
  for (int i = 0; i < 10; ++i) {
    set(std::to_string(i));
    executor->run();  // the landing executor stands still
    if (!log.held.empty()) log.succeed();
    executor->run();
  }
  EXPECT_EQ(decider.published_not_landed(), limits.landing.batches);
  EXPECT_TRUE(log.held.empty());
  EXPECT_GT(sequencer->status().queue_depth, 0u);
  run();
  EXPECT_EQ(log.held.size(), 1u);
}

TEST_F(Sequencers, BeginAnotherFrameWithWhatDoesNotFit) {
  serve();
  decider.largest_value_behind_others = 1;
  auto first = set("first"), large = set("large", "large value"), last = set("last");
  run();
  ASSERT_EQ(log.held.size(), 2u);
  log.succeed();
  run();
  EXPECT_TRUE(answered(first));
  EXPECT_FALSE(answered(large));
  log.succeed();
  run();
  EXPECT_TRUE(answered(large));
  EXPECT_TRUE(answered(last));
  EXPECT_EQ(decider.visible("r:a"), "1");
  EXPECT_EQ(large->outcome.answer, "large value");
}

TEST_F(Sequencers, PutOneBulkWorkAtMostInAFrameAndNeverAheadOfOthers) {
  for (int i = 0; i < 3; ++i) submit({Command::Kind::set, "bulk" + std::to_string(i), "r:b", "1", Lane::bulk});
  for (int i = 0; i < 3; ++i) set(std::to_string(i));
  serve();
  while (!log.held.empty()) {
    log.succeed();
    run();
  }
  EXPECT_FALSE(decider.bulk_out_of_turn);
  EXPECT_EQ(sequencer->durable_frame(), FrameNumber{3});
}

TEST_F(Sequencers, NeverLetTimeGoBack) {
  serve();
  set("a");
  run();
  log.succeed();
  run();
  now = TimeMs{500'000};
  set("b");
  run();
  log.succeed();
  run();
  EXPECT_EQ(sequencer->last_accepted_time(), TimeMs{1'000'000});
}

TEST_F(Sequencers, DoNotClaimWithAClockFarBehindTheLog) {
  AcceptanceState recovered;
  recovered.time = TimeMs{value(now) + 6'000};
  make(recovered);
  sequencer->start();
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::failed);
  EXPECT_NE(last_text.find("6000 ms behind"), std::string::npos);
}

TEST_F(Sequencers, DrainLandAndReleaseWhenStopped) {
  serve();
  auto last = set("a");
  bool stopped = false;
  sequencer->stop("successor", [&stopped] { stopped = true; });
  submit({Command::Kind::set, "too late", "r:a", "1", {}}, errc::stopping);
  run();
  log.succeed();
  run();
  EXPECT_TRUE(answered(last));
  EXPECT_FALSE(stopped);
  ASSERT_EQ(log.held.size(), 1u);
  log.succeed();  // the release
  run();
  EXPECT_TRUE(stopped);
  FrameReader reader(log, testing::test_identity(), testing::test_log_key, {});
  while (*reader.next()) continue;
  EXPECT_TRUE(reader.state().released);
  EXPECT_EQ(views.rows["r:a"], "1");
}

TEST_F(Sequencers, StopEvenWhenTheLogIsSilent) {
  serve();
  auto result = set("a");
  run();
  bool stopped = false;
  sequencer->stop("", [&stopped] { stopped = true; });
  executor->advance(limits.give_up_after);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(result->settlement->error, errc::outcome_unknown);
}

TEST_F(Sequencers, TellWhenAFrameIsInTheViews) {
  serve();
  int told = 0;
  sequencer->when_landed(FrameNumber{1}, [&told](boost::system::error_code error) { told += error ? 100 : 1; });
  set("a");
  executor->run();
  log.succeed();
  executor->run();
  EXPECT_EQ(sequencer->durable_frame(), FrameNumber{1});
  EXPECT_EQ(told, 0);
  run();
  EXPECT_EQ(told, 1);
  sequencer->when_landed(FrameNumber{1}, [&told](boost::system::error_code) { ++told; });
  EXPECT_EQ(told, 2);
}

TEST_F(Sequencers, StopThePartitionWhenTheViewsCantTakeAFrame) {
  ViewsThatBreak broken(decider);
  SequencerEnvironment env{log,
                           broken,
                           testing::test_identity(),
                           testing::test_log_key,
                           "",
                           "",
                           [this] { return now; },
                           [](auto) {},
                           executor,
                           landing,
                           {},
                           nullptr,
                           [this](SequencerPhase, const std::string& text) { last_text = text; }};
  sequencer = std::make_unique<Sequencer>(std::move(env), limits, AcceptanceState{});
  serve();
  set("a");
  run();
  log.succeed();
  run();
  EXPECT_EQ(sequencer->phase(), SequencerPhase::failed);
  EXPECT_NE(last_text.find("no room"), std::string::npos);
  submit({Command::Kind::set, "b", "r:a", "1", {}}, errc::unavailable);
}

TEST_F(Sequencers, TakeOverFramesOfAFormerOwnerBeforeTheyServe) {
  serve();
  set("a", "of the former");
  run();
  log.succeed();
  run();
  views = {};
  testing::Views fresh;
  testing::RegistersDecider second(fresh, keys);
  SequencerEnvironment env{
      log,
      second,
      testing::test_identity(),
      testing::test_log_key,
      "",
      "",
      [this] { return now; },
      [](std::span<std::uint8_t> bytes) { bytes[0] = 77; },
      executor,
      landing,
      [&second](const AcceptedRecord& record) { second.absorb(record), second.absorbed(record.after); },
      {}};
  sequencer = std::make_unique<Sequencer>(std::move(env), limits, AcceptanceState{});
  auto seen = look("b");
  sequencer->start();
  executor->run();
  log.succeed();
  executor->run();
  EXPECT_FALSE(seen->settlement) << "decided before the views held the other's frame";
  run();
  run();
  ASSERT_TRUE(answered(seen));
  EXPECT_EQ(seen->outcome.answer, "of the former");
}

}  // namespace
}  // namespace countersign::bus
