#include "adapters/commands/command_batch.h"

#include <algorithm>
#include <map>

#include "adapters/commands/answer_record.h"
#include "adapters/keys/answer_seal.h"
#include "bus/format.h"
#include "bus/frame.h"
#include "bus/partition_log.h"
#include "projections/reducers.h"

namespace countersign::commands {
namespace {

using domain::EventType;
using domain::Reason;
using domain::RefusalCode;

constexpr std::size_t most_events_a_command = 1000;
constexpr std::size_t most_bytes_a_command = 512'000;
/// An event of a refused redemption is smaller, so that one always fits into a batch that isn't full.
constexpr std::size_t refusal_bytes = 16'384;

bool counts_as_refused_secret(RefusalCode code) {
  return code == RefusalCode::code_not_redeemable || code == RefusalCode::ticket_not_redeemable;
}

}  // namespace

CommandBatch::CommandBatch(const projections::Views& views, EventWriter& writer, RefusalLog& refusals,
                           std::uint32_t partition, bus::TimeMs time, projections::Overlays earlier)
    : views_(views),
      writer_(writer),
      refusals_(refusals),
      partition_(partition),
      time_(bus::value(time)),
      earlier_(std::move(earlier)),
      overlay_(std::make_shared<projections::Overlay>(partition)),
      state_(views_, earlier_, overlay_.get()) {
  overlay_->begin_frame({}, time);
}

bool CommandBatch::run(bus::Work& opaque) {
  auto& work = static_cast<CommandWork&>(opaque);
  work.forget_outcome();
  auto context = work.call.context;
  context.now = time_;
  context.system = domain::system_account(partition_);
  if (over_the_limit(work, context)) return true;
  if (work.call.idempotency && replay(work)) return true;
  auto events = work.decide(state_, context);
  const auto* refused = work.refused();
  if (refused && work.call.admission && counts_as_refused_secret(refused->code)) work.call.admission->failed();
  drop_counted_refusals(events, context);
  switch (keep(work, std::move(events), context)) {
    case Kept::yes: return true;
    case Kept::no_room: return false;
    case Kept::too_large:
      work.refusal = domain::Refusal{RefusalCode::too_large, "One command may not make that many events."};
      return true;
    case Kept::key_missing:
      work.refusal = domain::Refusal{RefusalCode::state_conflict, "A user was erased meanwhile: please try again."};
      return true;
  }
  return true;
}

bool CommandBatch::full() const {
  return bytes_ + refusal_bytes > bus::max_record_bytes;
}

/// Answered before anything is looked up; counted, so that an attack beyond the limit shows in the events.
bool CommandBatch::over_the_limit(CommandWork& work, const domain::Context& context) {
  if (!work.call.admission) return false;
  work.retry_after_ms = work.call.admission->wait_ms();
  if (work.retry_after_ms <= 0) return false;
  const auto account = work.call.admission->account();
  work.refusal = domain::Refusal{RefusalCode::too_many_attempts, "Too many failed attempts: please wait.",
                                 Reason::too_many_attempts, account};
  refusals_.count({account, EventType::registration_code_redemption_refused, Reason::too_many_attempts,
                   context.ip_digest, context.ip},
                  time_);
  return true;
}

/// Whether the work is a retry (or a misuse of its key) and has its outcome already.
bool CommandBatch::replay(CommandWork& work) {
  const auto& idempotency = *work.call.idempotency;
  const auto bytes = state_.answer(partition_, domain::view(idempotency.record), time_);
  if (!bytes) return false;
  const auto record = decode_answer_record(*bytes);
  if (time_ - record.time >= answers_kept_ms) return false;
  if (record.body != idempotency.body) {
    work.refusal = domain::Refusal{RefusalCode::idempotency_key_reused,
                                   "This Idempotency-Key was used with another request body."};
    return true;
  }
  const auto text = keys::open_answer(idempotency.key, idempotency.scope, record.sealed);
  auto answer = text ? answer_of(record.status, *text) : std::nullopt;
  if (!answer || !still_stands(record, state_, time_)) {
    work.refusal =
        domain::Refusal{RefusalCode::answer_withdrawn, "What the first answer handed out has been revoked since."};
    return true;
  }
  work.replayed = std::move(answer);
  return true;
}

void CommandBatch::drop_counted_refusals(std::vector<domain::NewEvent>& events, const domain::Context& context) {
  std::erase_if(events, [&](const domain::NewEvent& event) {
    if (event.type != EventType::registration_code_redemption_refused || event.outcome != domain::Outcome::failure)
      return false;
    if (context.actor.kind == domain::PartyKind::system) return false;
    const auto account = event.account ? event.account : context.account;
    return !refusals_.first({account, event.type, event.reason, context.ip_digest, context.ip}, time_);
  });
}

CommandBatch::Kept CommandBatch::keep(CommandWork& work, std::vector<domain::NewEvent> events,
                                      const domain::Context& context) {
  if (events.empty()) return Kept::yes;
  Written written;
  if (const auto kept = write(std::move(events), context, written); kept != Kept::yes) return kept;
  if (const auto kept = judge(written.bytes); kept != Kept::yes) return kept;
  if (work.call.idempotency && !work.refused()) return keep_with_answer(work, std::move(written));
  fold(*overlay_, state_, written);
  put_events(written);
  return Kept::yes;
}

CommandBatch::Kept CommandBatch::write(std::vector<domain::NewEvent> events, const domain::Context& context,
                                       Written& out) {
  if (events.size() > most_events_a_command) return Kept::too_large;
  std::map<domain::AccountId, std::uint64_t> sequences;
  for (auto& event : events) {
    if (event.type == EventType::log_upgraded) out.format = bus::newest_format();
    const auto id = event.account ? event.account : context.account;
    auto [it, fresh] = sequences.try_emplace(id, 0);
    if (fresh) {
      const auto account = state_.account(id);
      it->second = account ? account->last_sequence : 0;
    }
    auto encoded = writer_.write(std::move(event), context, ++it->second);
    if (!encoded) return Kept::key_missing;
    out.bytes += bus::encoded_size_bound(encoded->bytes.size());
    out.events.push_back(std::move(*encoded));
  }
  return Kept::yes;
}

CommandBatch::Kept CommandBatch::judge(std::size_t bytes) const {
  if (bytes > most_bytes_a_command) return Kept::too_large;
  return bytes_ + bytes > bus::max_record_bytes ? Kept::no_room : Kept::yes;
}

/// How large the answer is shows only when the events have been folded: in an overlay of their own, which is taken over
/// when all of it fits.
CommandBatch::Kept CommandBatch::keep_with_answer(CommandWork& work, Written written) {
  projections::Overlay attempt(partition_);
  attempt.begin_frame({}, bus::TimeMs{time_});
  projections::Overlays below{overlay_};
  below.insert(below.end(), earlier_.begin(), earlier_.end());
  const projections::ViewState after(views_, std::move(below), &attempt);
  fold(attempt, after, written);
  auto record = answer_record(work, after, written);
  if (record) {
    const auto bytes = bus::encoded_size_bound(record->size());
    if (const auto kept = judge(written.bytes + bytes); kept != Kept::yes) return kept;
    projections::reduce_answer(attempt, *record, time_);
    contents_.answers.push_back(std::move(*record));
    bytes_ += bytes;
  }
  overlay_->absorb(std::move(attempt));
  put_events(written);
  return Kept::yes;
}

std::optional<std::string> CommandBatch::answer_record(CommandWork& work, const projections::ViewState& after,
                                                       const Written& written) const {
  const auto answer = work.rendered(after);
  if (!answer) return std::nullopt;
  const auto& idempotency = *work.call.idempotency;
  const AnswerRecord record{.record = idempotency.record,
                            .body = idempotency.body,
                            .time = time_,
                            .status = answer->status,
                            .account = domain::EventView::parse(written.events.front().bytes)->account(),
                            .handed_out = work.handed_out(),
                            .sealed = keys::seal_answer(idempotency.key, idempotency.scope, text_to_seal(*answer))};
  return encode(record);
}

void CommandBatch::fold(projections::Overlay& overlay, const projections::ViewState& state, const Written& written) {
  for (const auto& event : written.events)
    projections::reduce(overlay, state, {*domain::EventView::parse(event.bytes), event.clear_hash}, event.bytes);
}

void CommandBatch::put_events(Written& written) {
  bytes_ += written.bytes;
  contents_.format = std::max(contents_.format, written.format);
  for (auto& event : written.events) contents_.events.push_back(std::move(event.bytes));
}

}  // namespace countersign::commands
