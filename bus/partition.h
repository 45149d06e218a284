#pragma once
// A node's part in one partition: it follows the log into the views, and writes the log while it should and may.
//
// Operation: start() follows from where the views stand: reads on, judges (bus/acceptance.h), folds what counts, and
// knows from the claims who owns the partition. While it should own (own(true)) and has come to the end, a sequencer of
// its own claims and serves. Meanwhile the log's end is asked for every `look_every`, and what others have written is
// judged, so that a competing claim is noticed by a node that nobody asks for anything. own(false) drains, releases the
// term naming a successor, and follows again; so does a sequencer that has lost its term, which claims again no sooner
// than `claim_again_after`, doubled with each loss up to a minute. One that ends because of the machine's clock claims
// again after `distrust_clock_for`; who shares out the partitions should ask clock_is_distrusted() meanwhile.
//
// Concurrency: following and landing run on `environment.folding`, the sequencer's steps on `environment.steps`. All
// public functions are safe from any thread. Destroy it when both executors have stopped, or on `folding`.

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bus/sequencer.h"

namespace countersign::bus {

struct PartitionLimits {
  SequencerLimits sequencer;
  std::chrono::milliseconds tail_wait{100};    ///< how long the log may hold a read that finds nothing
  std::chrono::milliseconds pause{10};         ///< after a read that found nothing
  std::chrono::milliseconds retry_after{500};  ///< after a read that failed
  std::chrono::milliseconds look_every{500};   ///< at the log's end, while this node owns the partition
  std::chrono::milliseconds claim_again_after{1'000};
  std::chrono::milliseconds distrust_clock_for{60'000};  ///< once it was wrong; then it is tried again, with a claim
  std::size_t chunk_bytes = 4 << 20;
};

struct PartitionEnvironment {
  PartitionLog& log;
  Decider& decider;
  LogIdentity identity;
  std::string log_key;
  std::string node, address;  ///< of this node, for its claims
  std::function<TimeMs()> clock;
  std::function<std::chrono::steady_clock::time_point()> steady_clock;  ///< null: the machine's
  std::function<void(std::span<std::uint8_t>)> random;
  std::shared_ptr<Executor> folding, steps;
  /// Folding executor: a frame that counts and isn't of this node's sequencer. Throws when it can't be folded, which
  /// stops the partition.
  std::function<void(const AcceptedRecord&)> fold;
  /// Folding executor: what has been folded, and the state that includes it, is to stand in the views now.
  std::function<void(const AcceptanceState&)> folded;
  /// Where the views stand.
  std::function<AcceptanceState()> position;
  /// Folding executor or steps: something in status() that operators want to know has changed.
  std::function<void()> on_change;
};

/// Who writes the partition, as far as the log that has been read says.
struct Owner {
  Term term{};
  std::string node, address;
  bool released = false;  ///< the term has ended: `node` is then the successor that it named, perhaps empty

  bool operator==(const Owner&) const = default;
};

enum class PartitionRole { following, owning, failed };

struct PartitionStatus {
  PartitionRole role{};
  bool wanted = false;  ///< this node should own it
  Owner owner;
  SequencerStatus sequencer;  ///< of the running or the last one; what it counts includes those before it
  std::string trouble;        ///< why reading, claiming or everything fails; empty: it doesn't
  std::string wrong_clock;    ///< why the machine's clock isn't trusted; empty: it is
  /// When the log's end was last known to have been reached; nothing: never yet.
  std::optional<std::chrono::steady_clock::time_point> at_end;
};

class Partition {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  Partition(PartitionEnvironment environment, const PartitionLimits& limits);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  void start();
  /// Whether this node should own the partition from now on. `successor`: who should instead, for the release.
  void own(bool wanted, std::string successor = {});
  /// Keeps what it owns as long as nobody else claims it, and claims nothing anew until own(true).
  void claim_no_more();
  /// Gives up what it owns, waiting for that (SequencerLimits::give_up_after at most), and follows no more.
  void stop(std::string successor, std::function<void()> done);

  /// As Sequencer::submit; errc::not_owner when this node doesn't own the partition.
  boost::system::error_code submit(std::unique_ptr<Work>& work);

  /// The newest frame that is durable and accepted, as far as this node has read, and which every reader sees. What a
  /// reader sees may be newer, up to judged_frame() of after his look.
  FrameNumber durable_frame() const;
  FrameNumber judged_frame() const { return mark_->judged(); }
  FrameNumber landed_frame() const { return mark_->landed(); }
  /// See LandedMark::when.
  void when_landed(FrameNumber number, LandedMark::Waiter waiter) { mark_->when(number, std::move(waiter)); }
  TimeMs last_accepted_time() const;
  bool owns() const { return serving() != nullptr; }
  Owner owner() const {
    const std::lock_guard lock(mutex_);
    return status_.owner;
  }
  bool clock_is_distrusted() const {
    return now().time_since_epoch().count() < clock_distrusted_until_.load(std::memory_order_acquire);
  }
  /// Since when all that was in the log is known to stand in the views, or on the way there.
  std::chrono::steady_clock::duration behind() const {
    const auto since = at_end_since_.load(std::memory_order_acquire);
    return since == SteadyTime::duration::min().count() ? SteadyTime::duration::max()
                                                        : now().time_since_epoch() - SteadyTime::duration(since);
  }
  PartitionStatus status() const;
  const LogIdentity& identity() const { return env_.identity; }

 private:
  void post(std::function<void()> step);
  void post_after(std::chrono::milliseconds delay, std::function<void()> step);
  std::function<void()> guarded(std::function<void()> step);
  SteadyTime now() const { return env_.steady_clock ? env_.steady_clock() : std::chrono::steady_clock::now(); }

  // Following (partition.cpp)
  void follow();
  void note_acceptance();
  bool take(LogRecord record);
  void note_claim(const Claim& claim);
  void caught_up(SteadyTime when);
  void fail(const std::string& text);
  void trouble(const std::string& text);

  // Owning
  bool may_claim();
  void claim();
  void watch();
  void on_sequencer_phase(SequencerPhase phase, const std::string& text);
  void sequencer_ended(SequencerPhase phase, const std::string& text);
  void release();
  std::shared_ptr<Sequencer> serving() const;
  void changed() const;

  PartitionEnvironment env_;
  const PartitionLimits limits_;
  struct Retired;
  std::shared_ptr<Partition*> self_;  ///< tasks hold it weakly: they outlive the partition
  const std::shared_ptr<Retired> retired_;
  std::shared_ptr<LandedMark> mark_;

  // Folding executor only.
  Acceptance acceptance_;
  bool at_end_ = false;
  bool wanted_ = false;
  bool started_ = false, stopping_ = false, releasing_ = false;
  std::string successor_;
  SteadyTime not_before_{};  ///< claims are not tried again before
  std::chrono::milliseconds again_after_;
  std::optional<std::pair<Offset, SteadyTime>> looked_;  ///< an end that was seen, and hasn't been reached yet
  std::vector<std::function<void()>> on_stopped_;

  void distrust_clock(const std::string& why, std::chrono::milliseconds again_after);

  std::atomic<SteadyTime::rep> clock_distrusted_until_{SteadyTime::min().time_since_epoch().count()};
  std::atomic<SteadyTime::rep> at_end_since_{SteadyTime::duration::min().count()};
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<Sequencer> sequencer_;
  PartitionStatus status_;
  SequencerStatus before_;  ///< counts of sequencers and readers that have ended
};

}  // namespace countersign::bus
