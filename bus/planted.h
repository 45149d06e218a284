#pragma once
// Bugs planted on purpose, to prove that the tests would find them. They exist only in the simulator's own build of
// these sources (COUNTERSIGN_PLANTED_BUGS); everywhere else planted() is the constant false and costs nothing.

#ifdef COUNTERSIGN_PLANTED_BUGS
#include <atomic>
#endif

namespace countersign::bus {

enum class Bug {
  none,
  // acceptance
  skip_hmac,
  ignore_term,
  ignore_nonce,
  ignore_frame_number,
  ignore_previous_head,
  // sequencer
  answer_before_durable,
  refusal_released_early,
  retry_after_unknown,
  reuse_term,
  trust_any_offset,
  decide_before_absorbed,
  time_goes_back,
  discard_forgets_nothing,
  publish_after_answer,
  bulk_ahead,
  unbounded_queue,
  unbounded_landing,
  drop_dead_work,
  release_before_drain,
  refuse_unconfirmed,
  confirm_by_frame_in_flight,
  serve_before_own_claim,
  // a node's part in a partition
  fresh_before_end,
  noted_before_folded,
  durable_before_published,
  durable_before_absorbed,
  seen_before_judged,
  // the simulator's decider
  view_without_position,
  frame_before_key,
  // embedded log
  no_sync,
  anchor_before_frame,
  no_anchor_sync,
  answer_before_anchor,
};

#ifdef COUNTERSIGN_PLANTED_BUGS
inline std::atomic<Bug> planted_bug = Bug::none;
inline bool planted(Bug bug) {
  return planted_bug.load(std::memory_order_relaxed) == bug;
}
#else
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace countersign::bus
