#include "adapters/commands/decider.h"

#include <algorithm>
#include <map>

#include "adapters/commands/answer_record.h"
#include "adapters/keys/answer_seal.h"
#include "bus/frame.h"
#include "bus/partition_log.h"
#include "projections/reducers.h"

namespace countersign::commands {
namespace {

constexpr std::size_t most_events_a_command = 1000;
constexpr std::size_t most_bytes_a_command = 512'000;

bool counts_as_refused_secret(domain::RefusalCode code) {
  return code == domain::RefusalCode::code_not_redeemable || code == domain::RefusalCode::ticket_not_redeemable;
}

}  // namespace

class CommandBatch : public bus::Batch {
 public:
  CommandBatch(CommandDecider& decider, bus::TimeMs time, projections::Overlays earlier)
      : decider_(decider),
        time_(bus::value(time)),
        overlay_(std::make_shared<projections::Overlay>()),
        state_(decider.views_, std::move(earlier), overlay_.get()) {
    overlay_->begin_frame({}, time);
  }

  void run(bus::Work& opaque) override {
    auto& work = static_cast<CommandWork&>(opaque);
    work.forget_outcome();
    auto context = work.call.context;
    context.now = time_;
    if (work.call.admission) {
      work.retry_after_ms = work.call.admission->wait_ms(time_);
      if (work.retry_after_ms > 0) {
        work.refusal =
            domain::Refusal{domain::RefusalCode::too_many_attempts, "Too many failed attempts: please wait."};
        return;
      }
    }
    if (work.call.idempotency && replay(work)) return;
    auto events = work.decide(state_, context);
    if (const auto* refused = work.refused(); refused && work.call.admission && counts_as_refused_secret(refused->code))
      work.call.admission->failed(time_);
    drop_counted_refusals(events, context);
    work.refusal = commit(std::move(events), context);
    if (work.refusal) return;
    if (work.call.idempotency && !work.refused() && made_events_) keep_answer(work);
  }

  bool full() const override { return bytes_ + most_bytes_a_command + 16'384 > bus::max_record_bytes; }
  const bus::FrameContents& contents() const override { return contents_; }
  std::size_t size_bytes() const override { return overlay_->size_bytes(); }

  const std::shared_ptr<projections::Overlay>& overlay() const { return overlay_; }

 private:
  /// Whether the work is a retry (or a misuse of its key) and has its outcome already.
  bool replay(CommandWork& work) {
    const auto& idempotency = *work.call.idempotency;
    const auto bytes = state_.answer(domain::view(idempotency.record), time_);
    if (!bytes) return false;
    const auto record = decode_answer_record(*bytes);
    if (time_ - record.time >= answers_kept_ms) return false;
    if (record.body != idempotency.body) {
      work.refusal = domain::Refusal{domain::RefusalCode::idempotency_key_reused,
                                     "This Idempotency-Key was used with another request body."};
      return true;
    }
    const auto text = keys::open_answer(idempotency.key, idempotency.scope, record.sealed);
    auto answer = text ? answer_of(record.status, *text) : std::nullopt;
    if (!answer || !still_stands(record, state_, time_)) {
      work.refusal = domain::Refusal{domain::RefusalCode::answer_withdrawn,
                                     "What the first answer handed out has been revoked since."};
      return true;
    }
    work.replayed = std::move(answer);
    return true;
  }

  void keep_answer(CommandWork& work) {
    const auto answer = work.rendered(state_);
    if (!answer) return;
    const auto& idempotency = *work.call.idempotency;
    AnswerRecord record{.record = idempotency.record,
                        .body = idempotency.body,
                        .time = time_,
                        .status = answer->status,
                        .account = last_account_,
                        .handed_out = work.handed_out(),
                        .sealed = keys::seal_answer(idempotency.key, idempotency.scope, text_to_seal(*answer))};
    contents_.answers.push_back(encode(record));
    bytes_ += bus::encoded_size_bound(contents_.answers.back().size());
    projections::reduce_answer(*overlay_, contents_.answers.back(), time_);
  }

  void drop_counted_refusals(std::vector<domain::NewEvent>& events, const domain::Context& context) {
    std::erase_if(events, [&](const domain::NewEvent& event) {
      if (event.type != domain::EventType::registration_code_redemption_refused ||
          event.outcome != domain::Outcome::failure)
        return false;
      if (context.actor.kind == domain::PartyKind::system) return false;
      return !decider_.refusals_.first(event.account, event.type, event.reason, context.ip_digest, context.ip, time_);
    });
  }

  /// Encodes all events of one command, then folds them; nothing is folded when they are refused.
  std::optional<domain::Refusal> commit(std::vector<domain::NewEvent> events, const domain::Context& context) {
    made_events_ = !events.empty();
    const domain::Refusal too_large{domain::RefusalCode::too_large, "One command may not make that many events."};
    if (events.size() > most_events_a_command) return too_large;
    std::map<domain::AccountId, std::uint64_t> sequences;
    std::vector<WrittenEvent> written;
    std::size_t bytes = 0;
    for (auto& event : events) {
      last_account_ = event.account ? event.account : context.account;
      auto [it, fresh] = sequences.try_emplace(last_account_, 0);
      if (fresh) {
        const auto account = state_.account(last_account_);
        it->second = account ? account->last_sequence : 0;
      }
      auto encoded = decider_.writer_.write(std::move(event), context, ++it->second);
      if (!encoded)
        return domain::Refusal{domain::RefusalCode::state_conflict, "A user was erased meanwhile: please try again."};
      written.push_back(std::move(*encoded));
      bytes += bus::encoded_size_bound(written.back().bytes.size());
    }
    if (bytes > most_bytes_a_command) return too_large;
    for (auto& event : written) {
      const auto parsed = domain::EventView::parse(event.bytes);
      projections::reduce(*overlay_, state_, {*parsed, event.clear_hash}, event.bytes);
      contents_.events.push_back(std::move(event.bytes));
    }
    bytes_ += bytes;
    return std::nullopt;
  }

  CommandDecider& decider_;
  const domain::UnixMs time_;
  std::shared_ptr<projections::Overlay> overlay_;
  projections::ViewState state_;
  bus::FrameContents contents_;
  std::size_t bytes_ = 0;
  bool made_events_ = false;
  domain::AccountId last_account_;
};

CommandDecider::CommandDecider(projections::Views& views, keys::KeyStore& keys, RefusalLog& refusals)
    : views_(views), writer_(keys), refusals_(refusals) {}
CommandDecider::~CommandDecider() = default;

projections::Overlays CommandDecider::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

projections::ViewState CommandDecider::reader() const {
  return {views_, published()};
}

std::shared_ptr<bus::Batch> CommandDecider::begin(bus::TimeMs time) {
  // A batch that wanted nothing written has no frame to wait for.
  begun_.remove_if([](const auto& batch) { return batch->contents().empty(); });
  projections::Overlays earlier;
  for (const auto& batch : begun_) earlier.push_back(batch->overlay());
  const auto seen = published();
  earlier.insert(earlier.end(), seen.begin(), seen.end());
  auto batch = std::make_shared<CommandBatch>(*this, time, std::move(earlier));
  begun_.push_front(batch);
  return batch;
}

void CommandDecider::discard_unpublished() {
  begun_.clear();
}

void CommandDecider::publish(const std::shared_ptr<bus::Batch>& opaque, const bus::AcceptanceState& after) {
  const auto batch = std::static_pointer_cast<CommandBatch>(opaque);
  batch->overlay()->number_frame(after.last);
  batch->overlay()->position = after;
  begun_.remove(batch);
  const std::lock_guard lock(mutex_);
  published_.insert(published_.begin(), batch->overlay());
}

void CommandDecider::land(const std::shared_ptr<bus::Batch>& opaque) {
  const auto batch = std::static_pointer_cast<CommandBatch>(opaque);
  views_.land(*batch->overlay());
  const std::lock_guard lock(mutex_);
  std::erase(published_, batch->overlay());
}

}  // namespace countersign::commands
