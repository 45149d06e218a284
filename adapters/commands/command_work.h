#pragma once
// A command on its way through the sequencer: what is to be decided, for whom, whether a retry must get the first
// answer again, and who waits. One class template for every command; the decider sees only the base.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/work.h"
#include "domain/decision.h"

namespace countersign::commands {

/// What a caller gets: an HTTP status, a body and headers, as kept for retries.
struct Answer {
  std::uint16_t status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// An object whose secret an answer hands out: when it is revoked, the answer is withdrawn.
struct HandedOut {
  domain::Party object;
  domain::UserId user;
};

struct Idempotency {
  std::string key;          ///< of the client's Idempotency-Key (idempotency_of): seals the answer, stored nowhere
  std::string scope;        ///< who and what: API key, method, path; or a code's digest
  domain::Digest record{};  ///< keyed digest of scope and key: finds the record
  domain::Digest body{};    ///< keyed digest of the body
};

/// Checked in the sequencer before any look-up, told of the outcome afterwards (attempt_limits.h). It has a clock of
/// its own, which a step of the wall clock doesn't stop.
class Admission {
 public:
  virtual ~Admission() = default;
  /// Milliseconds to wait; zero: admitted.
  virtual std::int64_t wait_ms() = 0;
  virtual void failed() = 0;
  /// Where attempts that are not admitted are counted.
  virtual domain::AccountId account() const = 0;
};

struct Call {
  domain::Context context;
  /// Where it is decided, if that is not where the account is: of the secret that the call brings, or of the account
  /// that it is about.
  std::optional<std::uint16_t> slot;
  std::optional<Idempotency> idempotency;
  bus::Lane lane = bus::Lane::interactive;
  std::shared_ptr<Admission> admission;
};

class CommandWork : public bus::Work {
 public:
  explicit CommandWork(Call asked) : call(std::move(asked)) {}
  bus::Lane lane() const override { return call.lane; }

  /// Decides and keeps the outcome. The events are taken out of it.
  virtual std::vector<domain::NewEvent> decide(const domain::State& state, const domain::Context& context) = 0;
  /// The answer to keep for retries, when the outcome isn't a refusal; `after` includes what the command changed.
  virtual std::optional<Answer> rendered(const domain::State& after) = 0;
  virtual std::vector<HandedOut> handed_out() const = 0;
  virtual const domain::Refusal* refused() const = 0;

  Call call;
  /// Set instead of an outcome of its own.
  std::optional<domain::Refusal> refusal;
  std::optional<Answer> replayed;
  std::int64_t retry_after_ms = 0;
  void forget_outcome() {
    refusal.reset();
    replayed.reset();
    retry_after_ms = 0;
  }
};

/// How a command ended, as its submitter sees it.
template <class Result>
struct Outcome {
  bus::Settlement settlement;
  std::optional<domain::Refusal> refusal;
  std::optional<Result> result;
  std::optional<Answer> answer;  ///< rendered; or the first answer again
  bool replayed = false;
  std::int64_t retry_after_ms = 0;
  bool ok() const { return !settlement.error && !refusal; }
};

/// The domain's decide() for this command, found by its argument's namespace.
template <class Command>
auto decided(const domain::State& state, const domain::Context& context, const Command& command) {
  return decide(state, context, command);
}

template <class Command>
using ResultOf = std::decay_t<decltype(decided(std::declval<const domain::State&>(),
                                               std::declval<const domain::Context&>(), std::declval<const Command&>())
                                           .result())>;

template <class Command>
class TypedWork : public CommandWork {
 public:
  using Result = ResultOf<Command>;
  using Render = std::function<Answer(const Result&, const domain::State&)>;
  using HandOut = std::function<std::vector<HandedOut>(const Result&)>;
  using Done = std::function<void(Outcome<Result>)>;

  TypedWork(Call asked, Command command, Done done, Render render = {}, HandOut hand_out = {})
      : CommandWork(std::move(asked)),
        command_(std::move(command)),
        done_(std::move(done)),
        render_(std::move(render)),
        hand_out_(std::move(hand_out)) {}

  std::vector<domain::NewEvent> decide(const domain::State& state, const domain::Context& context) override {
    decision_.emplace(decided(state, context, command_));
    answer_.reset();
    return std::move(decision_->events);
  }
  const domain::Refusal* refused() const override { return decision_ ? decision_->refusal() : nullptr; }
  std::optional<Answer> rendered(const domain::State& after) override {
    if (!answer_ && render_ && decision_ && !decision_->refusal()) answer_ = render_(decision_->result(), after);
    return answer_;
  }
  std::vector<HandedOut> handed_out() const override {
    return hand_out_ && decision_ && !decision_->refusal() ? hand_out_(decision_->result()) : std::vector<HandedOut>{};
  }

  void settle(const bus::Settlement& settlement) noexcept override {
    Outcome<Result> outcome{.settlement = settlement, .retry_after_ms = retry_after_ms};
    if (!settlement.error) {
      if (replayed) {
        outcome.answer = std::move(replayed);
        outcome.replayed = true;
      } else if (refusal) {
        outcome.refusal = std::move(refusal);
      } else if (const auto* own = refused()) {
        outcome.refusal = *own;
      } else if (decision_) {
        outcome.answer = std::move(answer_);
        outcome.result = decision_->result();
      }
    }
    done_(std::move(outcome));
  }

 private:
  Command command_;
  Done done_;
  Render render_;
  HandOut hand_out_;
  std::optional<domain::Decision<Result>> decision_;
  std::optional<Answer> answer_;
};

}  // namespace countersign::commands
