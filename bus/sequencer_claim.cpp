// Claiming a term, finding out what became of frames in flight, and ending. See bus/sequencer.h.

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "bus/format.h"
#include "bus/planted.h"
#include "bus/sequencer.h"

namespace countersign::bus {
namespace {

constexpr std::size_t read_chunk_bytes = 4 << 20;

}  // namespace

void Sequencer::start() {
  env_.executor->post(guarded([this] {
    if (phase() != SequencerPhase::idle) return;
    const auto behind = value(state().time) - value(env_.clock());
    if (behind > limits_.max_clock_skew.count()) {
      return fail("this machine's clock is " + std::to_string(behind) + " ms behind the log's newest frame; set it");
    }
    set_phase(SequencerPhase::claiming);
    arm_give_up();
    claim();
  }));
}

void Sequencer::claim() {
  claiming_ = true;
  claim_ = OwnClaim{};
  switch (read_until(std::nullopt)) {  // the newest term has to be known before a greater one can be claimed
    case ReadResult::later: return later([this] { claim(); });
    case ReadResult::ended: return;
    case ReadResult::done: break;
  }
  if (has_served_ && !is_mine(state().nonce)) return step_down();
  claim_.id = next_id_++;
  claim_.sent = env_.clock();
  claim_.term = Term{std::max(value(state().term), value(highest_claimed_)) + 1};
  env_.random(claim_.nonce);
  if (planted(Bug::reuse_term) && value(state().term) > 0) claim_.term = state().term;
  highest_claimed_ = claim_.term;
  my_nonces_.push_back(claim_.nonce);
  Claim record;
  record.term = claim_.term;
  record.nonce = claim_.nonce;
  record.time = std::max(env_.clock(), state().time);
  record.node = env_.node;
  record.address = env_.address;
  record.format = state().format ? state().format : newest_format();
  append(claim_.id, acceptance_.codec().encode(record));
}

void Sequencer::on_claim_report(const Appended& appended) {
  // A claim in doubt may still turn up: the next one has a higher term, so that it beats it wherever that is.
  if (appended.outcome != AppendOutcome::durable) {
    claim_.id = 0;
    if (appended.reason == errc::no_space) {  // waiting won't help them, and who asks should hear why
      Works waiting = queue_.take_all();
      settle(waiting, {errc::no_space, state().last});
    }
    return later([this] { claim(); });
  }
  claim_.offset = appended.offset;
  hold_clock_against(claim_.sent, appended);
  if (planted(Bug::serve_before_own_claim) && appended.offset != state().next) {
    acceptance_.set(accept(state(), Claim{claim_.term, claim_.nonce, state().time, env_.node, env_.address},
                           state().head, appended.offset));
    claim_.id = 0;
    return finish_resolving();
  }
  read_own_claim();
}

void Sequencer::read_own_claim() {
  switch (read_until(claim_.offset)) {
    case ReadResult::later: return later([this] { read_own_claim(); });
    case ReadResult::ended: return;
    case ReadResult::done: break;
  }
  if (state().nonce != claim_.nonce || state().term != claim_.term) return step_down();
  claim_.id = 0;
  finish_resolving();
}

bool Sequencer::is_mine(const Nonce& nonce) const {
  return std::find(my_nonces_.begin(), my_nonces_.end(), nonce) != my_nonces_.end();
}

/// Reads and judges up to and including `last`, or to the end.
Sequencer::ReadResult Sequencer::read_until(std::optional<Offset> last) {
  while (!last || state().next <= *last) {
    auto read = env_.log.read(state().next, read_chunk_bytes);
    if (read.has_error()) return ReadResult::later;
    if (read->empty() && last) return ReadResult::later;
    if (read->empty()) break;
    for (LogRecord& record : *read) {
      if (last && record.offset > *last) break;
      if (!judge(std::move(record))) return ReadResult::ended;
    }
  }
  note_state();
  return ReadResult::done;
}

void Sequencer::look() {
  env_.executor->post(guarded([this] {
    if (phase() != SequencerPhase::serving || !in_flight_.empty() || release_id_ != 0) return;
    if (read_until(std::nullopt) != ReadResult::ended) run();
  }));
}

/// False when the sequencer has ended over it.
bool Sequencer::judge(LogRecord at) {
  auto taken = acceptance_.take(at);
  if (taken.has_error()) return fail(describe_newer_format(at.bytes)), false;
  if (!taken->has_value()) return true;
  Record& record = **taken;
  note_judged();
  if (std::holds_alternative<Claim>(record)) {
    // While claiming, only who holds the term at one's own claim counts.
    const bool lost = phase() == SequencerPhase::serving && !is_mine(state().nonce);
    if (lost) return step_down(), false;
    return true;
  }
  if (!std::holds_alternative<Frame>(record)) return true;
  if (!in_flight_.empty() && in_flight_.front().after.head == state().head) {
    front_is_accepted();
  } else {
    absorb({std::move(at), std::move(record), state()});
  }
  return !ended();
}

/// A frame of another writer, or of this node's former life, counts: what is in flight behind it is dead.
void Sequencer::absorb(AcceptedRecord record) {
  if (!env_.absorb) throw std::runtime_error("the log holds a frame of another writer that the views don't have");
  Works dead = drop_in_flight();
  std::move(dead.begin(), dead.end(), std::back_inserter(again_));
  env_.decider.discard_unpublished();
  ++absorbing_;
  const auto shared = std::make_shared<AcceptedRecord>(std::move(record));
  const auto done = [this, executor = env_.executor, weak = std::weak_ptr(self_)] {
    executor->post([this, weak] {
      if (const auto alive = weak.lock()) {
        if (--absorbing_ == 0) note_state();
        guarded([this] { run(); })();
      }
    });
  };
  landing_.add(shared->after.last, 0, [absorb = env_.absorb, shared, done] {
    absorb(*shared);
    done();
  });
}

/// Something in flight was not reported durable. Called again with each further report.
void Sequencer::resolve() {
  if (claiming_) return;  // which settles it
  bool all_reported = true;
  bool certain = true;
  for (const InFlight& flight : in_flight_) {
    if (!flight.report) {
      all_reported = false;
    } else if (flight.report->outcome == AppendOutcome::in_doubt ||
               (flight.report->outcome == AppendOutcome::not_written && flight.report->reason != errc::no_space)) {
      certain = false;
    }
  }
  if (planted(Bug::retry_after_unknown)) {
    for (InFlight& flight : in_flight_) settle(flight.works, {errc::unavailable, state().last});
    return finish_resolving();
  }
  if (!certain) return claim();
  if (all_reported) resolve_locally();
}

/// All that is in flight is durable or was refused for lack of space: nothing can turn up later, so no claim is needed.
void Sequencer::resolve_locally() {
  Offset newest = Offset{value(state().next) - 1};
  for (const InFlight& flight : in_flight_) {
    if (flight.report->outcome == AppendOutcome::durable) newest = std::max(newest, flight.report->offset);
  }
  switch (read_until(newest)) {
    case ReadResult::later: return later([this] { resolve(); });
    case ReadResult::ended: return;
    case ReadResult::done: break;
  }
  if (!is_mine(state().nonce)) return step_down();
  finish_resolving();
}

/// Takes back the works of everything in flight, in order; answers those whose frame was refused for lack of space.
Sequencer::Works Sequencer::drop_in_flight() {
  Works works;
  for (InFlight& flight : in_flight_) {
    if (flight.report && flight.report->outcome == AppendOutcome::not_written &&
        flight.report->reason == errc::no_space) {
      settle(flight.works, {flight.report->reason, state().last});
    }
    std::move(flight.works.begin(), flight.works.end(), std::back_inserter(works));
    std::move(flight.followers.begin(), flight.followers.end(), std::back_inserter(works));
  }
  in_flight_.clear();
  return works;
}

void Sequencer::finish_resolving() {
  Works works = std::exchange(again_, {});
  Works dead = drop_in_flight();
  std::move(dead.begin(), dead.end(), std::back_inserter(works));
  if (!planted(Bug::discard_forgets_nothing)) env_.decider.discard_unpublished();
  if (!clock_trouble_.empty()) settle(works, {errc::not_owner, state().last});
  if (!planted(Bug::drop_dead_work)) queue_.put_back(std::move(works));
  has_served_ = true;
  claiming_ = false;
  ++episode_;
  note_state();
  set_phase(SequencerPhase::serving);
  run();
}

void Sequencer::arm_give_up() {
  const std::uint64_t episode = ++episode_;
  env_.executor->post_after(limits_.give_up_after, guarded([this, episode] {
                              if (episode == episode_) give_up();
                            }));
}

/// The log doesn't answer. Callers get an answer instead; the frames in flight stay, to be known one day.
void Sequencer::give_up() {
  for (InFlight& flight : in_flight_) {
    settle(flight.works, {errc::outcome_unknown, state().last});
    settle(flight.followers, {errc::outcome_unknown, state().last});
  }
  settle(again_, {errc::unavailable, state().last});
  Works waiting = queue_.take_all();
  settle(waiting, {errc::unavailable, state().last});
  arm_give_up();
}

/// `sent` was this machine's time before the append, now is a time after it: the log's must lie between them.
void Sequencer::hold_clock_against(TimeMs sent, const Appended& appended) {
  if (!appended.log_time || !clock_trouble_.empty()) return;
  const auto ahead = value(sent) - value(*appended.log_time);
  const auto behind = value(*appended.log_time) - value(env_.clock());
  if (std::max(ahead, behind) <= limits_.max_clock_skew.count()) {
    clock_was_right_ = {env_.clock(), steady_now()};
    return;
  }
  distrust_clock("this machine's clock is " + std::to_string(std::max(ahead, behind)) + " ms " +
                 (ahead > behind ? "ahead of" : "behind") + " the log's; set it");
}

/// A clock that was set since it was last held against the log's would be found out by the next frame: too late for
/// what is in that frame.
bool Sequencer::clock_jumped(TimeMs now) {
  if (!clock_was_right_) return false;
  const auto [then, steady_then] = *clock_was_right_;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - steady_then).count();
  const auto jumped = value(now) - value(then) - passed;
  if (std::abs(jumped) <= limits_.max_clock_skew.count()) return false;
  distrust_clock("this machine's clock was set by " + std::to_string(jumped) + " ms");
  return true;
}

void Sequencer::distrust_clock(const std::string& why) {
  clock_trouble_ = why;
  refusal_.store(errc::not_owner);
  queue_.close();
  Works waiting = queue_.take_all();
  settle(waiting, {errc::not_owner, state().last});
  stop({}, [] {});  // which drains and releases
}

void Sequencer::step_down() {
  end(SequencerPhase::not_owner, errc::not_owner, errc::not_owner, {});
}

void Sequencer::fail(const std::string& text) {
  if (!ended()) end(SequencerPhase::failed, errc::unavailable, errc::outcome_unknown, text);
}

void Sequencer::end(SequencerPhase phase, boost::system::error_code for_waiting,
                    boost::system::error_code for_in_flight, const std::string& text) {
  refusal_.store(static_cast<errc>(for_waiting.value()));
  queue_.close();
  note_state();
  set_phase(phase, text);
  for (InFlight& flight : in_flight_) {
    settle(flight.works, {for_in_flight, state().last});
    settle(flight.followers, {for_in_flight, state().last});
  }
  in_flight_.clear();
  env_.decider.discard_unpublished();
  Works waiting = queue_.take_all();
  settle(again_, {for_waiting, state().last});
  settle(waiting, {for_waiting, state().last});
  if (!env_.mark) landing_.close(for_waiting);
  for (auto& done : std::exchange(on_stopped_, {})) done();
}

}  // namespace countersign::bus
