#include "bus/sequencer.h"

#include <algorithm>
#include <iterator>

#include "bus/planted.h"

namespace countersign::bus {

Sequencer::Sequencer(SequencerEnvironment environment, const SequencerLimits& limits, const AcceptanceState& recovered)
    : env_(std::move(environment)),
      limits_(limits),
      self_(std::make_shared<Sequencer*>(this)),
      queue_(limits.queue),
      acceptance_(env_.identity, env_.log_key, recovered),
      mark_(env_.mark ? env_.mark : std::make_shared<LandedMark>(recovered.last)),
      landing_(
          limits.landing, env_.landing, mark_,
          [this, executor = env_.executor, weak = std::weak_ptr(self_)](std::size_t bytes) {
            executor->post([this, weak, bytes] {
              if (const auto alive = weak.lock()) {
                landing_.finished(bytes);
                guarded([this] { run(); })();
              }
            });
          },
          [this, executor = env_.executor, weak = std::weak_ptr(self_)](std::string text) {
            executor->post([this, weak, text] {
              if (const auto alive = weak.lock()) fail("the views can't take a frame: " + text);
            });
          }),
      durable_(value(recovered.last)),
      term_(value(recovered.term)),
      format_(recovered.format),
      last_time_(value(recovered.time)),
      next_(value(recovered.next)) {}

Sequencer::~Sequencer() = default;

std::function<void()> Sequencer::guarded(std::function<void()> step) {
  return [this, weak = std::weak_ptr(self_), step = std::move(step)] {
    const auto alive = weak.lock();
    if (!alive || ended()) return;
    try {
      step();
    } catch (const std::exception& error) {
      fail(error.what());
    }
  };
}

void Sequencer::later(std::function<void()> step) {
  env_.executor->post_after(limits_.retry_after, guarded(std::move(step)));
}

boost::system::error_code Sequencer::submit(std::unique_ptr<Work>& work) {
  switch (queue_.push(work)) {
    case WorkQueue::Pushed::first: env_.executor->post(guarded([this] { run(); })); return {};
    case WorkQueue::Pushed::behind_others: return {};
    case WorkQueue::Pushed::full: queue_full_.fetch_add(1, std::memory_order_relaxed); return errc::queue_full;
    case WorkQueue::Pushed::closed: break;
  }
  return refusal_.load();
}

void Sequencer::run() {
  while (may_begin_batch()) run_batch();
  landing_batches_.store(landing_.batches(), std::memory_order_relaxed);
  if (draining_) drain();
}

bool Sequencer::may_begin_batch() const {
  return phase() == SequencerPhase::serving && release_id_ == 0 && in_flight_.size() < limits_.frames_in_flight &&
         landing_.has_room(in_flight_.size()) && (absorbing_ == 0 || planted(Bug::decide_before_absorbed)) &&
         !queue_.empty() && (in_flight_.empty() || in_flight_.back().followers.size() < limits_.held_answers);
}

void Sequencer::run_batch() {
  const TimeMs now = env_.clock();
  if (clock_jumped(now)) return;
  Works works = queue_.take(limits_.works_per_batch);
  if (works.empty()) return;
  const TimeMs time = planted(Bug::time_goes_back) ? now : std::max(now, tail().time);
  std::shared_ptr<Batch> batch;
  std::size_t done = 0;
  try {
    batch = env_.decider.begin(time);
    do {
      if (!batch->run(*works[done])) break;
      ++done;
    } while (done < works.size() && !batch->full());
    if (done == 0) throw std::logic_error("an empty batch has no room for a unit of work");
  } catch (...) {
    settle(works, {errc::unavailable, state().last});
    throw;
  }
  if (done < works.size()) {
    const auto rest = works.begin() + static_cast<std::ptrdiff_t>(done);
    queue_.put_back(Works(std::make_move_iterator(rest), std::make_move_iterator(works.end())));
    works.resize(done);
  }
  // A frame that is on its way already may have been written before the question: it proves nothing about now.
  const bool confirm = limits_.confirm_unwritten && !planted(Bug::refuse_unconfirmed) &&
                       (in_flight_.empty() || !planted(Bug::confirm_by_frame_in_flight));
  if (!batch->contents().empty() || confirm) return commit(std::move(batch), std::move(works), time);
  // Nothing to write. What was decided rests on the newest frame in flight, if there is one.
  if (in_flight_.empty() || planted(Bug::refusal_released_early)) return settle(works, {{}, state().last});
  std::move(works.begin(), works.end(), std::back_inserter(in_flight_.back().followers));
}

void Sequencer::commit(std::shared_ptr<Batch> batch, Works works, TimeMs time) {
  const AcceptanceState before = tail();
  const FrameContents& contents = batch->contents();
  Frame frame;
  frame.term = before.term;
  frame.nonce = before.nonce;
  frame.number = next(before.last);
  frame.previous = before.head;
  frame.time = time;
  frame.format = std::max(before.format, contents.format);
  frame.events.assign(contents.events.begin(), contents.events.end());
  frame.answers.assign(contents.answers.begin(), contents.answers.end());
  InFlight flight{next_id_++, std::move(batch), std::move(works), {}, before.head, {}, {}, env_.clock()};
  std::string bytes;
  try {
    bytes = acceptance_.codec().encode(frame);
  } catch (const std::length_error&) {
    in_flight_.push_back(std::move(flight));  // so that its works are settled
    throw;
  }
  flight.after = accept(before, frame, head_after(before.head, bytes), before.next);
  if (planted(Bug::answer_before_durable)) settle(flight.works, {{}, frame.number});
  const std::uint64_t id = flight.id;
  in_flight_.push_back(std::move(flight));
  append(id, std::move(bytes));
}

void Sequencer::append(std::uint64_t id, std::string bytes) {
  // The log may outlive the sequencer, its executor lives as long as a handler does.
  env_.log.append(std::move(bytes),
                  [this, id, executor = env_.executor, weak = std::weak_ptr(self_)](Appended appended) {
                    executor->post([this, id, weak, appended] {
                      if (const auto alive = weak.lock()) guarded([this, id, appended] { on_report(id, appended); })();
                    });
                  });
}

void Sequencer::on_report(std::uint64_t id, const Appended& appended) {
  if (id == claim_.id) return on_claim_report(appended);
  if (id == release_id_) {
    return end(phase_after_stop(), errc::stopping, errc::outcome_unknown, clock_trouble_);
  }
  const auto flight =
      std::find_if(in_flight_.begin(), in_flight_.end(), [id](const InFlight& f) { return f.id == id; });
  if (flight == in_flight_.end()) return;  // resolved meanwhile
  flight->report = appended;
  handle_reports();
}

void Sequencer::handle_reports() {
  if (phase() == SequencerPhase::serving) process_reports();
  if (phase() == SequencerPhase::resolving) resolve();
  run();
}

void Sequencer::process_reports() {
  while (phase() == SequencerPhase::serving && !in_flight_.empty() && in_flight_.front().report) {
    const std::uint64_t id = in_flight_.front().id;
    const Appended report = *in_flight_.front().report;
    if (report.outcome != AppendOutcome::durable) return set_phase(SequencerPhase::resolving);
    if (report.offset == state().next || planted(Bug::trust_any_offset)) {
      // Nothing stands between this record and what was judged before, so it needn't be read back to be judged.
      if (in_flight_.front().previous != state().head) throw std::logic_error("a frame in flight lost its place");
      AcceptanceState after = in_flight_.front().after;
      after.next = Offset{value(report.offset) + 1};
      acceptance_.set(after);
      front_is_accepted();
      continue;
    }
    const ReadResult read = read_until(report.offset);
    if (read == ReadResult::later) return later([this] { handle_reports(); });
    if (read == ReadResult::ended) return;
    // Durable, read, and neither accepted nor beaten by a claim: an earlier frame of ours is missing.
    if (!in_flight_.empty() && in_flight_.front().id == id) return set_phase(SequencerPhase::resolving);
  }
}

void Sequencer::front_is_accepted() {
  InFlight flight = std::move(in_flight_.front());
  in_flight_.pop_front();
  frames_.fetch_add(1, std::memory_order_relaxed);
  if (flight.report) hold_clock_against(flight.sent, *flight.report);
  const Settlement settlement{{}, state().last};
  if (planted(Bug::publish_after_answer)) settle(flight.works, settlement);
  try {
    note_judged();
    if (planted(Bug::durable_before_published)) note_state();
    env_.decider.publish(flight.batch, state());
    note_state();
  } catch (...) {
    settle(flight.works, {errc::outcome_unknown, state().last});
    settle(flight.followers, {errc::outcome_unknown, state().last});
    throw;
  }
  landing_.add(state().last, flight.batch->size_bytes(),
               [&decider = env_.decider, batch = flight.batch] { decider.land(batch); });
  settle(flight.works, settlement);
  settle(flight.followers, settlement);
}

void Sequencer::settle(Works& works, const Settlement& settlement) {
  (settlement.error ? works_failed_ : works_).fetch_add(works.size(), std::memory_order_relaxed);
  for (auto& work : works) work->settle(settlement);
  works.clear();
}

void Sequencer::note_state() {
  note_judged();
  // Not while frames of others are on their way into the views: nobody sees them yet.
  if (absorbing_ != 0 && !planted(Bug::durable_before_absorbed)) return;
  durable_.store(value(state().last), std::memory_order_release);
  next_.store(value(state().next), std::memory_order_release);
}

/// Before anybody sees it.
void Sequencer::note_judged() {
  if (!planted(Bug::seen_before_judged)) mark_->judge(state().last);
  last_time_.store(value(state().time), std::memory_order_release);
  term_.store(value(state().term), std::memory_order_relaxed);
  format_.store(state().format, std::memory_order_relaxed);
  for (std::size_t i = 0; i < ignored_reasons; ++i) {
    ignored_[i].store(acceptance_.ignored()[i], std::memory_order_relaxed);
  }
}

void Sequencer::stop(std::string successor, std::function<void()> done) {
  queue_.close();
  env_.executor->post([this, weak = std::weak_ptr(self_), successor = std::move(successor), done = std::move(done)] {
    const auto alive = weak.lock();
    if (!alive || ended()) return done();
    draining_ = true;
    successor_ = successor;
    on_stopped_.push_back(done);
    if (phase() == SequencerPhase::idle) return end(SequencerPhase::stopped, errc::stopping, errc::stopping, {});
    env_.executor->post_after(limits_.give_up_after, guarded([this] {
                                end(phase_after_stop(), errc::stopping, errc::outcome_unknown,
                                    clock_trouble_.empty() ? "did not drain in time" : clock_trouble_);
                              }));
    guarded([this] { run(); })();
  });
}

void Sequencer::drain() {
  const bool drained = queue_.empty() && in_flight_.empty() && landing_.idle();
  if (phase() != SequencerPhase::serving || release_id_ != 0 || absorbing_ != 0) return;
  if (!drained && !planted(Bug::release_before_drain)) return;
  const AcceptanceState before = tail();
  Release release;
  release.term = before.term;
  release.nonce = before.nonce;
  release.number = next(before.last);
  release.previous = before.head;
  release.successor = successor_;
  release.format = before.format;
  release_id_ = next_id_++;
  append(release_id_, acceptance_.codec().encode(release));
}

void Sequencer::set_phase(SequencerPhase phase, const std::string& text) {
  const SequencerPhase before = phase_.exchange(phase);
  if (before == phase) return;
  if (phase == SequencerPhase::resolving) resolves_.fetch_add(1, std::memory_order_relaxed), arm_give_up();
  if (env_.on_phase) env_.on_phase(phase, text);
}

SequencerStatus Sequencer::status() const {
  SequencerStatus status;
  status.phase = phase();
  status.queue_depth = queue_.depth();
  status.landing_batches = landing_batches_.load(std::memory_order_relaxed);
  status.durable_frame = durable_frame();
  status.landed_frame = landed_frame();
  status.last_time = last_accepted_time();
  status.term = Term{term_.load(std::memory_order_relaxed)};
  status.format = format_.load(std::memory_order_relaxed);
  status.frames = frames_.load(std::memory_order_relaxed);
  status.works = works_.load(std::memory_order_relaxed);
  status.works_failed = works_failed_.load(std::memory_order_relaxed);
  status.queue_full = queue_full_.load(std::memory_order_relaxed);
  status.resolves = resolves_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < ignored_reasons; ++i) {
    status.ignored[i] = ignored_[i].load(std::memory_order_relaxed);
  }
  return status;
}

}  // namespace countersign::bus
