#pragma once
// One operation being run. Each kind has a file of its own: import_users.cpp, generate_for_new_users.cpp,
// erase_user.cpp, import_hardware_tokens.cpp.

#include <chrono>

#include "adapters/operations/operations.h"
#include "adapters/operations/row_reports.h"
#include "bus/errc.h"

namespace countersign::operations {

/// Chunks on their way through the sequencer, a few at a time, settled in order. A chunk that the server can't take now
/// is submitted again: its idempotency key makes that harmless.
template <class Command>
class Chunks {
 public:
  using Outcome = commands::Outcome<commands::ResultOf<Command>>;
  using Render = typename commands::TypedWork<Command>::Render;
  using Settled = std::function<void(Outcome& outcome, std::uint64_t chunk)>;

  Chunks(commands::Submitter& submitter, std::stop_token stop, Render render, Settled settled)
      : submitter_(submitter), stop_(std::move(stop)), render_(std::move(render)), settled_(std::move(settled)) {}

  /// False: the server is stopping.
  bool push(std::uint64_t chunk, commands::Call call, Command command) {
    if (in_flight_.size() >= most_in_flight && !settle_first()) return false;
    in_flight_.push_back({chunk, std::move(call), std::move(command), {}});
    begin(in_flight_.back());
    return true;
  }
  bool settle_all() {
    while (!in_flight_.empty())
      if (!settle_first()) return false;
    return true;
  }

 private:
  static constexpr std::size_t most_in_flight = 4;
  struct Chunk {
    std::uint64_t number;
    commands::Call call;
    Command command;
    std::future<Outcome> outcome;
  };
  void begin(Chunk& chunk) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    chunk.outcome = promise->get_future();
    submitter_.submit<Command>(
        chunk.call, chunk.command, [promise](Outcome outcome) { promise->set_value(std::move(outcome)); }, render_);
  }
  bool settle_first() {
    auto& chunk = in_flight_.front();
    for (;;) {
      auto outcome = chunk.outcome.get();
      if (!outcome.settlement.error) {
        const auto number = chunk.number;
        in_flight_.pop_front();
        settled_(outcome, number);
        return true;
      }
      if (stop_.stop_requested() || outcome.settlement.error == bus::errc::stopping) {
        in_flight_.clear();  // the next start submits them again
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      begin(chunk);
    }
  }

  commands::Submitter& submitter_;
  std::stop_token stop_;
  Render render_;
  Settled settled_;
  std::deque<Chunk> in_flight_;
};

class Run {
 public:
  /// `resumed`: a former run may have done a part of it.
  Run(Operations& owner, OperationPorts& ports, Operation& operation, std::stop_token stop, bool resumed)
      : owner_(owner),
        ports_(ports),
        operation_(operation),
        stop_(std::move(stop)),
        resumed_(resumed),
        shown_(operation) {}

  /// again: it can't go on now, `failure` says why, and it is to be run once more later.
  enum class Ended { finished, interrupted, again };
  /// Throws std::runtime_error when it can never go on; the text becomes the operation's failure.
  Ended run();
  /// Writes operation.finished. False: the server is stopping.
  bool announce();
  boost::system::error_code publish_rows();

 private:
  friend class Import;
  friend class TokenImport;
  Ended import_users();
  Ended generate_for_new_users();
  Ended erase_user();
  Ended import_hardware_tokens();

  /// A call in the bulk lane as who began the operation, with the chunk's idempotency.
  commands::Call chunk_call(std::string_view chunk, std::string_view content) const;
  commands::Call plain_call() const;
  /// From the first row again.
  void begin_rows();
  /// Counts a row that failed, too.
  void report(const RowReport& row);
  Ended failed_for_now(const std::string& why);
  Ended finished();
  Ended interrupted();
  /// Shows how far the operation got, at most once a second. A run that goes on after a restart counts afresh: until it
  /// is where the former one was, what that one showed stays.
  void note_progress();
  void show_progress();

  Operations& owner_;
  OperationPorts& ports_;
  Operation& operation_;
  std::stop_token stop_;
  const bool resumed_;
  Operation shown_;
  domain::UnixMs shown_at_ = 0;
  std::optional<RowReportWriter> rows_;
};

}  // namespace countersign::operations
