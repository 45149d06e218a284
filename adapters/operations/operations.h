#pragma once
// Runs operations on threads of their own, in the sequencer's bulk lane so that they never hold up others, and answers
// how far they are. Unfinished ones go on when the server starts.
//
// Concurrency: any thread. Limits: three operations run at once, others wait; rows reported: all (bounded by what was
// spooled); finished operations are kept for 7 days.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include "adapters/commands/decider.h"
#include "adapters/commands/submitter.h"
#include "adapters/keys/lookup.h"
#include "adapters/operations/operation.h"
#include "adapters/queries/seal_opener.h"

namespace countersign::operations {

struct OperationPorts {
  commands::Submitter& submitter;
  commands::CommandDecider& decider;
  projections::Views& views;
  keys::KeyStore& keys;
  const keys::Lookup& lookup;
  queries::SealOpener& opener;
  std::function<domain::UnixMs()> clock;
  std::function<void(std::string_view text)> warn;
  /// Blocks until everything answered so far stands in the views.
  std::function<void()> wait_landed;
};

class Operations {
 public:
  Operations(OperationPorts ports, std::filesystem::path directory);
  ~Operations();

  /// Begins the threads and takes up what a former process left.
  void start();
  /// Lets running chunks end; what is left goes on at the next start.
  void stop();

  /// Makes the operation durable; it runs as soon as a thread is free.
  boost::system::error_code begin(Operation operation);
  /// For an operation that must be durable before the command that commits to it, and may be withdrawn after a refusal.
  boost::system::error_code prepare(const Operation& operation);
  void withdraw(domain::OperationId id);
  void release(domain::OperationId id);

  std::optional<Operation> find(domain::AccountId account, domain::OperationId id) const;
  std::filesystem::path spool_of(domain::OperationId id) const { return files_.spool_of(id); }
  void discard_spool(domain::OperationId id) { files_.remove_spool(id); }

 private:
  friend class Run;
  void work(std::stop_token stop);
  void run(domain::OperationId id, std::stop_token stop);
  void update(const Operation& operation, bool durable);

  OperationPorts ports_;
  OperationFiles files_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<domain::OperationId, Operation> operations_;
  std::deque<domain::OperationId> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace countersign::operations
