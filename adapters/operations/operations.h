#pragma once
// Runs operations on threads of their own, in the sequencer's bulk lane so that they never hold up others, and answers
// how far they are. Unfinished ones go on when the server starts.
//
// Operation: an operation is prepared, that is durable, before the command whose event commits to it. Answered, it is
// begun; refused, it is withdrawn. When nobody knows, here or after a crash, it is in doubt: as soon as the sequencer
// accepts work again, the log tells whether it is to be run or was never asked for.
//
// Concurrency: any thread. Limits: three operations run at once, others wait; rows reported: all, in a file; finished
// operations are kept for 7 days, in their files and not in memory.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include "adapters/commands/published.h"
#include "adapters/commands/submitter.h"
#include "adapters/keys/key_store.h"
#include "adapters/keys/lookup.h"
#include "adapters/operations/operation.h"
#include "adapters/queries/seal_opener.h"

namespace countersign::operations {

struct OperationPorts {
  commands::Submitter& submitter;
  const commands::Published& state;
  projections::Views& views;
  keys::KeyStore& keys;
  const keys::Lookup& lookup;
  queries::SealOpener& opener;
  std::function<domain::UnixMs()> clock;
  std::function<void(std::string_view text)> warn;
  /// Blocks until everything answered so far, in the account's partition, stands in the views.
  std::function<void(domain::AccountId account)> wait_landed;
  /// Whether so many bytes may be spooled without touching the disk's reserve.
  std::function<bool(std::size_t bytes)> has_space;
  /// Drops what else in memory was opened of a person whose key has been destroyed; empty when there is nothing.
  std::function<void(domain::AccountId account, domain::UserId user)> forget;
  /// Sees to it that a seed goes which couldn't be destroyed at once; empty: the next start does.
  std::function<void(domain::AccountId account, domain::AuthenticatorId authenticator)> destroy_later;
  /// What can't be done now is tried again after this, then after twice as long, and so on.
  std::chrono::milliseconds first_retry{1'000}, longest_retry{60'000};
};

class Operations {
 public:
  Operations(OperationPorts ports, std::filesystem::path directory);
  ~Operations();

  /// Takes up what a former process left, and begins the threads. The sequencer must take work; what the former process
  /// has answered is found at once.
  void start();
  /// Lets running chunks end; what is left goes on at the next start.
  void stop();

  /// Makes the operation durable. Nobody sees it or runs it yet. After an error nothing of it is left.
  boost::system::error_code prepare(const Operation& operation);
  /// Its event is in the log: it runs as soon as a thread is free. Nothing more happens when it was begun before.
  void begin(domain::OperationId id);
  /// Its event never will be in the log. A begun one stays.
  void withdraw(domain::OperationId id);
  /// Its event may be in the log: finds out, then begins or withdraws it. A begun one stays.
  void doubt(domain::OperationId id);

  /// One that was begun. Reads a file when it has ended; throws std::runtime_error when that is damaged.
  std::optional<Operation> find(domain::AccountId account, domain::OperationId id) const;
  /// The erasure of this user that has not ended, begun or not.
  std::optional<Operation> erasure_of(domain::AccountId account, domain::UserId user) const;
  std::filesystem::path spool_of(domain::OperationId id) const { return files_.spool_of(id); }
  /// Holds a report for each that an operation found here shows as failed, or more.
  std::filesystem::path rows_of(domain::OperationId id) const { return files_.rows_of(id); }
  bool has_space(std::size_t bytes) const { return ports_.has_space(bytes); }
  void discard_spool(domain::OperationId id) { files_.remove_spool(id); }

 private:
  friend class Run;
  using Clock = std::chrono::steady_clock;
  enum class Fate { accepted, never, unknown };

  void work(std::stop_token stop);
  void take_up(domain::OperationId id, const std::stop_token& stop);
  /// Throws when the log can't tell because an event can't be read.
  Fate fate_of(const Operation& operation);
  void run(Operation operation, const std::stop_token& stop);
  /// Whether it has ended.
  bool carry_out(Operation& operation, const std::stop_token& stop);
  /// Writes operation.finished, once; then the operation shows as ended, from its file.
  void announce(Operation& operation, const std::stop_token& stop);
  /// Shown as it is on disk: after a crash too. Whether it is on disk.
  bool update(const Operation& operation);
  /// Now and then: what ended long ago.
  void remove_old();
  /// Once more, after longer each time.
  void again_later(domain::OperationId id);
  void enqueue(domain::OperationId id, Clock::duration delay = {});

  OperationPorts ports_;
  OperationFiles files_;
  domain::UnixMs started_at_ = 0;
  std::atomic<domain::UnixMs> removed_old_at_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<domain::OperationId, Operation> operations_;  ///< those whose file doesn't say that they are announced
  std::multimap<Clock::time_point, domain::OperationId> due_;
  std::map<domain::OperationId, int> tries_;  ///< of those that could not be done
  std::vector<std::jthread> threads_;
};

/// A prepared operation while its command is on its way. Unless it is begun or withdrawn until then, it is in doubt
/// when this goes: the answer said so, or the request broke off.
class Preparation {
 public:
  Preparation(Operations& operations, Operation operation)
      : operations_(operations), operation_(std::move(operation)) {}
  ~Preparation() { operations_.doubt(operation_.id); }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  /// Waits until it is durable. After an error there is nothing to begin.
  boost::system::error_code store() { return operations_.prepare(operation_); }
  void begin() { operations_.begin(operation_.id); }
  void withdraw() { operations_.withdraw(operation_.id); }

 private:
  Operations& operations_;
  const Operation operation_;
};

}  // namespace countersign::operations
