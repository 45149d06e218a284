#pragma once
// What every handler that changes something does alike: who asks and from where becomes the command's context, the
// Idempotency-Key its record, the outcome a response. What must be on a disk before a command may speak of it is
// written on threads of their own, so that a slow disk holds up neither look-ups nor lists.

#include <atomic>
#include <optional>
#include <string>

#include "adapters/commands/published.h"
#include "adapters/commands/submitter.h"
#include "adapters/http/api/answers.h"
#include "adapters/http/api/caller.h"
#include "adapters/http/api/worker_pool.h"
#include "adapters/http/server/await_callback.h"

namespace countersign::http {

template <class Command>
struct WriteOptions {
  typename commands::TypedWork<Command>::HandOut hand_out;  ///< which secrets the answer hands out
  bool secret = false;                                      ///< no-store, and the Idempotency-Key must be long
  bool idempotent = true;                                   ///< heed an Idempotency-Key
  std::string scope;                                        ///< instead of API key, method and path
  std::optional<std::string> body;                          ///< what stands for a streamed body
  std::optional<std::uint16_t> slot;                        ///< where the account is not known yet
  std::shared_ptr<commands::Admission> admission;
  std::function<void(const domain::Refusal&)> refused;  ///< is told why not
  std::function<void()> in_doubt;                       ///< is told that it may have taken effect
  std::function<void()> replayed;                       ///< is told that the answer is the first one's again
};

/// The threads that wait for disks. So many, because a key store writes what several ask for with one sync.
struct DiskLimits {
  std::size_t threads = 8;
  std::size_t most_waiting = 1024;
};

/// In the answer of a node that was not, or no longer, the owner when the command came to its turn: nothing was
/// changed, and who owns the partition now may be asked. Only nodes see it.
inline constexpr const char* moved_header = "Countersign-Moved";
/// Such an answer.
Response moved(const Exchange& exchange, const boost::system::error_code& why = bus::errc::not_owner);

class Writes {
 public:
  Writes(commands::Submitter& submitter, const commands::Published& state, const keys::Lookup& lookup,
         const commands::Partitions& partitions, const DiskLimits& disk = {})
      : submitter_(submitter),
        state_(state),
        lookup_(lookup),
        partitions_(partitions),
        most_on_disk_(disk.threads + disk.most_waiting),
        disk_(disk.threads) {}
  /// Ends the threads that wait for disks; what has not begun is dropped. As Reads::stop().
  void stop() { disk_.stop(); }

  using DiskWork = std::function<boost::system::error_code()>;
  /// What `work` returns; errc::queue_full when too many wait already. Name the work: g++ 12 copies a closure that is a
  /// temporary of a co_await expression bit by bit.
  boost::asio::awaitable<boost::system::error_code> on_disk(DiskWork work);
  /// Begun or waiting for a thread.
  std::size_t disk_work() const { return on_disk_; }

  domain::Context context_of(Exchange& exchange) const;

  /// Submits the command and answers with what `render` makes of its result.
  template <class Command>
  boost::asio::awaitable<Response> run(Exchange& exchange, Command command,
                                       typename commands::TypedWork<Command>::Render render,
                                       WriteOptions<Command> options) {
    using Outcome = commands::Outcome<commands::ResultOf<Command>>;
    auto rules = std::make_shared<Rules>(Rules{options.secret, options.idempotent, std::move(options.scope),
                                               std::move(options.body), options.slot, std::move(options.admission),
                                               std::move(options.refused), std::move(options.in_doubt),
                                               std::move(options.replayed)});
    Submit submit = [this, command = std::move(command), render = std::move(render),
                     hand_out = std::move(options.hand_out)](commands::Call call, Callback<Ended> done) mutable {
      auto settled = [render, done = std::move(done)](Outcome outcome) {
        Ended ended{outcome.settlement, std::move(outcome.refusal), std::move(outcome.answer),
                    outcome.replayed,   outcome.retry_after_ms,     {}};
        if (outcome.result && !ended.answer)
          ended.render = [render, result = std::move(*outcome.result)](const domain::State& after) {
            return render(result, after);
          };
        done(std::move(ended));
      };
      submitter_.submit<Command>(std::move(call), std::move(command), std::move(settled), render, std::move(hand_out));
    };
    return answer(exchange, std::move(submit), std::move(rules));
  }
  // Not a default argument: g++ 12 destroys an aggregate temporary of a co_await expression twice.
  template <class Command>
  boost::asio::awaitable<Response> run(Exchange& exchange, Command command,
                                       typename commands::TypedWork<Command>::Render render) {
    return run<Command>(exchange, std::move(command), std::move(render), WriteOptions<Command>{});
  }

  commands::Submitter& submitter() { return submitter_; }
  const bus::LogIdentity& log(domain::AccountId account) const { return partitions_.of(account).identity(); }

 private:
  // What is the same for every command is compiled once, without its type.
  struct Rules {
    bool secret, idempotent;
    std::string scope;
    std::optional<std::string> body;
    std::optional<std::uint16_t> slot;
    std::shared_ptr<commands::Admission> admission;
    std::function<void(const domain::Refusal&)> refused;
    std::function<void()> in_doubt, replayed;
  };
  struct Ended {
    bus::Settlement settlement;
    std::optional<domain::Refusal> refusal;
    std::optional<commands::Answer> answer;
    bool replayed = false;
    std::int64_t retry_after_ms = 0;
    std::function<commands::Answer(const domain::State&)> render;
  };
  using Submit = std::function<void(commands::Call, Callback<Ended>)>;
  /// The rules come by pointer: g++ 12 copies an aggregate parameter of a coroutine bit by bit.
  boost::asio::awaitable<Response> answer(Exchange& exchange, Submit submit, std::shared_ptr<Rules> rules);
  Response to_response(Exchange& exchange, const Ended& ended, const bus::LogIdentity& log, bool secret) const;
  std::optional<Problem> read_idempotency(Exchange& exchange, const Rules& rules,
                                          std::optional<commands::Idempotency>& out) const;
  commands::Submitter& submitter_;
  const commands::Published& state_;
  const keys::Lookup& lookup_;
  const commands::Partitions& partitions_;
  const std::size_t most_on_disk_;
  std::atomic<std::size_t> on_disk_ = 0;
  WorkerPool disk_;
};

}  // namespace countersign::http
