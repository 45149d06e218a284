#pragma once
// The single writer of a partition: runs units of work in order, commits what they want written as frames, and lets go
// of an answer only when every frame that it may rest on is durable and accepted. Generic over the decider
// (bus/work.h).
//
// Operation: start() claims a new term and reads the log up to its own claim; then batches run one after another, up to
// `frames_in_flight` of them ahead of the log. A batch that wants nothing written makes no frame; its answers wait for
// the newest frame in flight. When an append isn't reported durable, no further batch begins: the sequencer claims
// again with a higher term and reads up to that claim, after which each frame in flight is in (published, answered) or
// dead for ever (decided again). Only a frame that was refused for lack of space, with none in doubt beside it, needs
// no claim. A competing claim ends the sequencer with errc::not_owner.
//
// Where the log has a clock of its own, each own claim and frame that comes back is held against this machine's. If
// they differ too much, or this one was set since, nothing more is decided: the term is released, and the sequencer
// ends as wrong_clock.
//
// Concurrency: a state machine whose steps all run on `executor`; bus/running_sequencer.h gives it threads. submit(),
// when_landed(), status() and stop() are safe from any thread. Destroy it on its executor, or when that has stopped.
// Limits: everything is bounded, see SequencerLimits.

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "bus/acceptance.h"
#include "bus/executor.h"
#include "bus/frame_reader.h"
#include "bus/landing.h"
#include "bus/partition_log.h"
#include "bus/work.h"
#include "bus/work_queue.h"

namespace countersign::bus {

struct SequencerLimits {
  WorkQueue::Limits queue;
  Landing::Limits landing;  ///< published and not yet in the views
  std::size_t works_per_batch = 512;
  std::size_t frames_in_flight = 2;
  std::size_t held_answers = 4096;                  ///< that wait for one frame without being part of it
  std::chrono::milliseconds retry_after{100};       ///< between attempts to claim or to read
  std::chrono::milliseconds give_up_after{10'000};  ///< then waiting work is answered instead of kept
  std::chrono::milliseconds max_clock_skew{5'000};  ///< whose clock is further from the log's doesn't own it
  /// Where others may claim without this node's knowing: what wants nothing written (refusals, repeated answers) waits
  /// for a frame, too, an empty one if need be, so that no answer rests on a term that was over before the question.
  bool confirm_unwritten = false;
};

enum class SequencerPhase { idle, claiming, serving, resolving, stopped, not_owner, wrong_clock, failed };

struct SequencerEnvironment {
  PartitionLog& log;
  Decider& decider;
  LogIdentity identity;
  std::string log_key;
  std::string node;     ///< this node's name, for its claims
  std::string address;  ///< where other nodes reach it
  std::function<TimeMs()> clock;
  std::function<void(std::span<std::uint8_t>)> random;  ///< cryptographically strong bytes
  std::shared_ptr<Executor> executor;                   ///< the sequencer's steps
  std::shared_ptr<Executor> landing;                    ///< Decider::land, in order
  /// Landing executor, in order with land(): a frame that counts and isn't this sequencer's, to be folded into the
  /// views. Without it such a frame fails the sequencer; on the embedded log none can be.
  std::function<void(const AcceptedRecord&)> absorb;
  /// Of the partition, which outlives the sequencer; null: the sequencer has one of its own, which ends with it.
  std::shared_ptr<LandedMark> mark;
  /// Sequencer's thread. `text` says what happened when the phase is failed or wrong_clock.
  std::function<void(SequencerPhase, const std::string& text)> on_phase;
  std::function<std::chrono::steady_clock::time_point()> steady_clock{};  ///< null: the machine's
};

/// A snapshot for metrics and health.
struct SequencerStatus {
  SequencerPhase phase{};
  std::size_t queue_depth = 0;
  std::size_t landing_batches = 0;
  FrameNumber durable_frame{};  ///< newest frame that is durable and accepted, and which every reader sees
  FrameNumber landed_frame{};   ///< newest frame in the views
  TimeMs last_time{};           ///< of the newest accepted frame
  Term term{};
  std::uint16_t format = 0;  ///< of the log (bus/format.h)
  std::uint64_t frames = 0;  ///< accepted, of this sequencer
  std::uint64_t works = 0;   ///< settled without error
  std::uint64_t works_failed = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t resolves = 0;  ///< times that an append's fate had to be found out
  IgnoredCounts ignored{};
};

class Sequencer {
 public:
  /// `recovered`: the state that the decider's views stand at, from folding the log.
  Sequencer(SequencerEnvironment environment, const SequencerLimits& limits, const AcceptanceState& recovered);
  ~Sequencer();
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  /// Claims the partition and serves. Work submitted before is kept until then.
  void start();

  /// Takes the work, to be settled exactly once, or returns why not and leaves `work` with the caller, unsettled:
  /// queue_full, stopping, not_owner, unavailable.
  boost::system::error_code submit(std::unique_ptr<Work>& work);

  /// Refuses new work, finishes what waits, lands it, releases the term naming `successor` and calls `done` on the
  /// sequencer's thread. After give_up_after at the latest; work left then ends as stopping or outcome_unknown.
  void stop(std::string successor, std::function<void()> done);

  /// Judges what others have written since, as soon as nothing of its own is under way: so a claim of another node ends
  /// this sequencer though nobody asks it for anything.
  void look();
  /// Records before this offset have been judged, and what they hold can be seen.
  Offset judged_up_to() const { return Offset{next_.load(std::memory_order_acquire)}; }

  /// See LandedMark::when.
  void when_landed(FrameNumber number, LandedMark::Waiter waiter) { mark_->when(number, std::move(waiter)); }
  FrameNumber landed_frame() const { return mark_->landed(); }
  /// Something couldn't land, and nothing behind it may. Landing executor.
  bool landing_is_broken() const { return landing_.is_broken(); }
  /// The newest frame that is durable and accepted, and which every reader sees.
  FrameNumber durable_frame() const { return FrameNumber{durable_.load(std::memory_order_acquire)}; }
  TimeMs last_accepted_time() const { return TimeMs{last_time_.load(std::memory_order_acquire)}; }
  SequencerStatus status() const;

  /// Sequencer's thread.
  SequencerPhase phase() const { return phase_.load(std::memory_order_relaxed); }
  const AcceptanceState& state() const { return acceptance_.state(); }

 private:
  using Works = std::vector<std::unique_ptr<Work>>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// A frame that has been handed to the log, and what waits for it.
  struct InFlight {
    std::uint64_t id;
    std::shared_ptr<Batch> batch;
    Works works;
    Works followers;        ///< decided on top of it without wanting anything written
    Bytes32 previous;       ///< head that it builds on
    AcceptanceState after;  ///< if it is accepted; `next` unset
    std::optional<Appended> report;
    TimeMs sent{};  ///< by this machine's clock
  };
  struct OwnClaim {
    std::uint64_t id = 0;
    TimeMs sent{};
    Term term{};
    Nonce nonce{};
    Offset offset{};
  };

  // Serving (sequencer.cpp)
  void run();
  bool may_begin_batch() const;
  void run_batch();
  void commit(std::shared_ptr<Batch> batch, Works works, TimeMs time);
  void append(std::uint64_t id, std::string bytes);
  void on_report(std::uint64_t id, const Appended& appended);
  void handle_reports();
  void process_reports();
  void front_is_accepted();
  void settle(Works& works, const Settlement& settlement);
  void drain();
  const AcceptanceState& tail() const { return in_flight_.empty() ? state() : in_flight_.back().after; }

  // Claiming and resolving (sequencer_claim.cpp)
  void claim();
  void on_claim_report(const Appended& appended);
  void read_own_claim();
  void resolve();
  void resolve_locally();
  void finish_resolving();
  Works drop_in_flight();
  enum class ReadResult { done, later, ended };
  ReadResult read_until(std::optional<Offset> last);
  bool judge(LogRecord record);
  void absorb(AcceptedRecord record);
  bool is_mine(const Nonce& nonce) const;
  void arm_give_up();
  void give_up();

  // Ending
  void hold_clock_against(TimeMs sent, const Appended& appended);
  bool clock_jumped(TimeMs now);
  void distrust_clock(const std::string& why);
  SteadyTime steady_now() const { return env_.steady_clock ? env_.steady_clock() : std::chrono::steady_clock::now(); }
  SequencerPhase phase_after_stop() const {
    return clock_trouble_.empty() ? SequencerPhase::stopped : SequencerPhase::wrong_clock;
  }
  void step_down();
  void fail(const std::string& text);
  void end(SequencerPhase phase, boost::system::error_code for_waiting, boost::system::error_code for_in_flight,
           const std::string& text);
  bool ended() const { return phase() >= SequencerPhase::stopped; }

  void set_phase(SequencerPhase phase, const std::string& text = {});
  /// Runs a step on the executor unless the sequencer is gone; what a step throws fails the sequencer.
  std::function<void()> guarded(std::function<void()> step);
  void later(std::function<void()> step);
  void note_state();
  void note_judged();

  SequencerEnvironment env_;
  const SequencerLimits limits_;
  std::shared_ptr<Sequencer*> self_;  ///< tasks hold it weakly: they outlive the sequencer
  WorkQueue queue_;
  Acceptance acceptance_;
  std::shared_ptr<LandedMark> mark_;
  Landing landing_;
  std::size_t absorbing_ = 0;  ///< frames of others on their way into the views: decisions wait for them

  std::deque<InFlight> in_flight_;
  std::uint64_t next_id_ = 1;
  OwnClaim claim_;
  std::vector<Nonce> my_nonces_;
  Term highest_claimed_{};
  Works again_;            ///< works of frames that turned out dead while reading
  bool claiming_ = false;  ///< a claim is under way or waits to be tried again
  bool has_served_ = false;
  std::uint64_t episode_ = 0;  ///< of claiming or resolving, for its give-up timer

  std::string clock_trouble_;  ///< why this machine's clock isn't trusted; empty: it is
  std::optional<std::pair<TimeMs, SteadyTime>> clock_was_right_;
  bool draining_ = false;
  std::uint64_t release_id_ = 0;
  std::string successor_;
  std::vector<std::function<void()>> on_stopped_;

  std::atomic<SequencerPhase> phase_{SequencerPhase::idle};
  std::atomic<errc> refusal_{errc::stopping};  ///< of submit() once the queue is closed
  std::atomic<std::uint64_t> durable_, term_, frames_{0}, works_{0}, works_failed_{0}, queue_full_{0}, resolves_{0};
  std::atomic<std::size_t> landing_batches_{0};
  std::atomic<std::uint16_t> format_;
  std::atomic<std::int64_t> last_time_, next_;
  std::array<std::atomic<std::uint64_t>, ignored_reasons> ignored_{};
};

}  // namespace countersign::bus
