#include "bus/partition.h"

#include <algorithm>

#include "bus/planted.h"

namespace countersign::bus {
namespace {

constexpr std::chrono::milliseconds longest_pause_between_claims{60'000};

void add_counts(SequencerStatus& sum, const SequencerStatus& more) {
  sum.frames += more.frames;
  sum.works += more.works;
  sum.works_failed += more.works_failed;
  sum.queue_full += more.queue_full;
  sum.resolves += more.resolves;
  for (std::size_t i = 0; i < ignored_reasons; ++i) sum.ignored[i] += more.ignored[i];
}

}  // namespace

Partition::Partition(PartitionEnvironment environment, const PartitionLimits& limits)
    : env_(std::move(environment)),
      limits_(limits),
      self_(std::make_shared<Partition*>(this)),
      retired_(std::make_shared<Retired>()),
      mark_(std::make_shared<LandedMark>(env_.position().last)),
      acceptance_(env_.identity, env_.log_key, env_.position()),
      again_after_(limits.claim_again_after) {
  note_acceptance();
  status_.owner.term = acceptance_.state().term;
  status_.owner.released = acceptance_.state().released;
  // Whom a release named is forgotten: who claims next says so himself.
  if (const auto& writer = acceptance_.state().writer; writer && !acceptance_.state().released) {
    status_.owner.node = writer->node;
    status_.owner.address = writer->address;
  }
}

Partition::~Partition() = default;

std::function<void()> Partition::guarded(std::function<void()> step) {
  return [this, weak = std::weak_ptr(self_), step = std::move(step)] {
    const auto alive = weak.lock();
    if (!alive) return;
    try {
      step();
    } catch (const std::exception& error) {
      fail(error.what());
    }
  };
}

void Partition::post(std::function<void()> step) {
  env_.folding->post(guarded(std::move(step)));
}

void Partition::post_after(std::chrono::milliseconds delay, std::function<void()> step) {
  env_.folding->post_after(delay, guarded(std::move(step)));
}

/// Sequencers on their way out. Who submits may be the last to hold one while a step of it still runs: so it is
/// destroyed by a step of its own executor, or, if that takes no more, with the partition, which outlives the
/// executors.
struct Partition::Retired {
  static void destroy_on(Executor& steps, const std::shared_ptr<Retired>& retired, Sequencer* ended) {
    {
      const std::lock_guard lock(retired->mutex);
      retired->sequencers.emplace_back(ended);
    }
    steps.post([retired, ended] {
      std::unique_ptr<Sequencer> gone;
      const std::lock_guard lock(retired->mutex);
      auto& all = retired->sequencers;
      const auto at = std::ranges::find(all, ended, [](const auto& sequencer) { return sequencer.get(); });
      if (at == all.end()) return;
      gone = std::move(*at);
      all.erase(at);
    });
  }
  std::mutex mutex;
  std::vector<std::unique_ptr<Sequencer>> sequencers;
};

// --- Following -------------------------------------------------------------------------------------------------------

void Partition::start() {
  post([this] {
    if (std::exchange(started_, true)) return;
    follow();
  });
}

void Partition::follow() {
  if (stopping_ || serving() || status().role == PartitionRole::failed) return;
  if (wanted_ && at_end_ && may_claim()) return claim();
  const auto asked = now();
  auto tail = env_.log.tail(acceptance_.state().next, limits_.chunk_bytes, limits_.tail_wait);
  if (tail.has_error()) {
    at_end_ = false;
    trouble("the log can't be read: " + tail.error().message());
    return post_after(limits_.retry_after, [this] { follow(); });
  }
  for (auto& record : tail->records)
    if (!take(std::move(record))) return;
  const bool moved = !tail->records.empty();
  if (planted(Bug::noted_before_folded)) note_acceptance();
  if (moved) {
    env_.folded(acceptance_.state());
    mark_->advance(acceptance_.state().last);
  }
  at_end_ = tail->at_end || (!moved && tail->current_as_of) || planted(Bug::fresh_before_end);
  note_acceptance();
  if (const auto as_of = at_end_ ? std::optional(asked) : tail->current_as_of) caught_up(*as_of);
  if (moved) return post([this] { follow(); });
  post_after(limits_.pause, [this] { follow(); });
}

/// What has been read stands in the views.
void Partition::note_acceptance() {
  const std::lock_guard lock(mutex_);
  auto& status = status_.sequencer;
  status.durable_frame = status.landed_frame = acceptance_.state().last;
  status.last_time = acceptance_.state().time;
  status.term = acceptance_.state().term;
  status.format = acceptance_.state().format;
  status.ignored = acceptance_.ignored();
}

/// False when the partition has failed over it.
bool Partition::take(LogRecord at) {
  auto taken = acceptance_.take(at);
  if (taken.has_error()) return fail(describe_newer_format(at.bytes)), false;
  if (!taken->has_value()) return true;
  Record& record = **taken;
  mark_->judge(acceptance_.state().last);
  if (const auto* claim = std::get_if<Claim>(&record)) note_claim(*claim);
  if (const auto* release = std::get_if<Release>(&record)) {
    {
      const std::lock_guard lock(mutex_);
      status_.owner = {release->term, std::string(release->successor), {}, true};
    }
    changed();
  }
  if (std::holds_alternative<Frame>(record)) env_.fold({std::move(at), std::move(record), acceptance_.state()});
  return true;
}

void Partition::note_claim(const Claim& claim) {
  {
    const std::lock_guard lock(mutex_);
    status_.owner = {claim.term, std::string(claim.node), std::string(claim.address), false};
  }
  changed();
}

void Partition::caught_up(SteadyTime when) {
  bool recovered = false;
  {
    const std::lock_guard lock(mutex_);
    recovered = !status_.at_end || !status_.trouble.empty();
    status_.at_end = std::max(status_.at_end.value_or(when), when);
    at_end_since_.store(status_.at_end->time_since_epoch().count(), std::memory_order_release);
    if (status_.role != PartitionRole::failed) status_.trouble.clear();
  }
  if (recovered) changed();
}

void Partition::trouble(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.trouble == text) return;
    status_.trouble = text;
  }
  changed();
}

void Partition::fail(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    status_.role = PartitionRole::failed;
    status_.trouble = text;
  }
  mark_->close(errc::unavailable);
  changed();
}

void Partition::changed() const {
  if (env_.on_change) env_.on_change();
}

// --- Owning ----------------------------------------------------------------------------------------------------------

void Partition::own(bool wanted, std::string successor) {
  post([this, wanted, successor = std::move(successor)] {
    {
      const std::lock_guard lock(mutex_);
      status_.wanted = wanted;
    }
    wanted_ = wanted;
    successor_ = successor;
    again_after_ = limits_.claim_again_after;
    not_before_ = {};
    if (!wanted) release();
  });
}

void Partition::claim_no_more() {
  post([this] {
    const std::lock_guard lock(mutex_);
    status_.wanted = wanted_ = false;
  });
}

bool Partition::may_claim() {
  if (now() < not_before_) return false;
  const auto behind = value(acceptance_.state().time) - value(env_.clock());
  if (behind > limits_.sequencer.max_clock_skew.count()) {
    distrust_clock("this machine's clock is " + std::to_string(behind) + " ms behind the log's newest frame; set it",
                   limits_.claim_again_after);
    return false;
  }
  return true;
}

void Partition::distrust_clock(const std::string& why, std::chrono::milliseconds again_after) {
  not_before_ = now() + again_after;
  const auto until = now() + limits_.distrust_clock_for;
  clock_distrusted_until_.store(until.time_since_epoch().count(), std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
    status_.wrong_clock = why;
  }
  changed();
}

void Partition::claim() {
  SequencerEnvironment env{.log = env_.log,
                           .decider = env_.decider,
                           .identity = env_.identity,
                           .log_key = env_.log_key,
                           .node = env_.node,
                           .address = env_.address,
                           .clock = env_.clock,
                           .random = env_.random,
                           .executor = env_.steps,
                           .landing = env_.folding,
                           .absorb =
                               [this](const AcceptedRecord& record) {
                                 env_.fold(record);
                                 env_.folded(record.after);
                               },
                           .mark = mark_,
                           .on_phase =
                               [this, weak = std::weak_ptr(self_)](SequencerPhase phase, const std::string& text) {
                                 if (const auto alive = weak.lock()) on_sequencer_phase(phase, text);
                               },
                           .steady_clock = env_.steady_clock};
  const std::shared_ptr<Sequencer> sequencer(
      new Sequencer(std::move(env), limits_.sequencer, acceptance_.state()),
      [steps = env_.steps, retired = retired_](Sequencer* ended) { Retired::destroy_on(*steps, retired, ended); });
  {
    const std::lock_guard lock(mutex_);
    add_counts(before_, std::exchange(status_.sequencer, {}));
    sequencer_ = sequencer;
    status_.role = PartitionRole::owning;
    status_.wrong_clock.clear();
    clock_distrusted_until_.store(SteadyTime::min().time_since_epoch().count(), std::memory_order_release);
    status_.owner = {status_.owner.term, env_.node, env_.address, false};
  }
  releasing_ = false;
  looked_.reset();
  sequencer->start();
  changed();
  post_after(limits_.look_every, [this] { watch(); });
}

/// While this node owns the partition: is the log's end where the sequencer has come to?
void Partition::watch() {
  const auto sequencer = serving();
  if (!sequencer) return;
  if (looked_ && value(sequencer->judged_up_to()) >= value(looked_->first)) {
    caught_up(looked_->second);
    again_after_ = limits_.claim_again_after;
    looked_.reset();
  }
  const auto asked = now();
  const auto end = env_.log.end();
  if (end.has_error()) {
    trouble("the log's end can't be asked for: " + end.error().message());
  } else if (value(sequencer->judged_up_to()) >= value(*end) || planted(Bug::fresh_before_end)) {
    caught_up(asked);
  } else {
    if (!looked_) looked_.emplace(*end, asked);
    sequencer->look();
  }
  post_after(limits_.look_every, [this] { watch(); });
}

/// Steps executor.
void Partition::on_sequencer_phase(SequencerPhase phase, const std::string& text) {
  if (phase >= SequencerPhase::stopped) {
    // Behind everything that it has handed to the views.
    post([this, phase, text] { sequencer_ended(phase, text); });
  } else {
    changed();
  }
}

void Partition::sequencer_ended(SequencerPhase phase, const std::string& text) {
  std::shared_ptr<Sequencer> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::exchange(sequencer_, nullptr);
    if (!ended) return;
    const auto last = ended->status();
    add_counts(before_, last);
    status_.sequencer = {.phase = last.phase,
                         .durable_frame = last.durable_frame,
                         .landed_frame = last.landed_frame,
                         .last_time = last.last_time,
                         .term = last.term,
                         .format = last.format};
    status_.role = PartitionRole::following;
  }
  releasing_ = false;
  if (phase == SequencerPhase::failed || ended->landing_is_broken()) {
    // What couldn't land stays in front of readers, who would never see what is folded behind it.
    fail(phase == SequencerPhase::failed ? text : "the views can't take a frame");
  } else {
    // What it had in flight may be in the log or not: all of that is read again from where the views stand. They show
    // all that it has made known.
    acceptance_ = Acceptance(env_.identity, env_.log_key, env_.position());
    note_acceptance();
    at_end_ = false;
    if (phase == SequencerPhase::wrong_clock) distrust_clock(text, limits_.distrust_clock_for);
    if (phase == SequencerPhase::not_owner) {
      not_before_ = now() + again_after_;
      again_after_ = std::min(again_after_ * 2, longest_pause_between_claims);
    }
  }
  changed();
  for (auto& done : std::exchange(on_stopped_, {})) done();
  follow();
}

void Partition::release() {
  const auto sequencer = serving();
  if (!sequencer || std::exchange(releasing_, true)) return;
  sequencer->stop(successor_, [] {});
}

void Partition::stop(std::string successor, std::function<void()> done) {
  post([this, successor = std::move(successor), done = std::move(done)] {
    wanted_ = false;
    stopping_ = true;
    successor_ = successor;
    if (!serving()) return done();
    on_stopped_.push_back(done);
    release();
  });
}

boost::system::error_code Partition::submit(std::unique_ptr<Work>& work) {
  if (const auto sequencer = serving()) return sequencer->submit(work);
  const std::lock_guard lock(mutex_);
  return status_.role == PartitionRole::failed ? errc::unavailable : errc::not_owner;
}

std::shared_ptr<Sequencer> Partition::serving() const {
  const std::lock_guard lock(mutex_);
  return sequencer_;
}

FrameNumber Partition::durable_frame() const {
  const std::lock_guard lock(mutex_);
  return sequencer_ ? sequencer_->durable_frame() : status_.sequencer.durable_frame;
}

TimeMs Partition::last_accepted_time() const {
  const std::lock_guard lock(mutex_);
  return sequencer_ ? sequencer_->last_accepted_time() : status_.sequencer.last_time;
}

PartitionStatus Partition::status() const {
  const std::lock_guard lock(mutex_);
  PartitionStatus status = status_;
  if (sequencer_) {
    status.sequencer = sequencer_->status();
    status.owner.term = status.sequencer.term;
  }
  add_counts(status.sequencer, before_);
  if (!clock_is_distrusted()) status.wrong_clock.clear();
  if (status.trouble.empty()) status.trouble = status.wrong_clock;
  return status;
}

}  // namespace countersign::bus
