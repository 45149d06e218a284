#pragma once
// What time itself makes due, submitted in chunks: the expiry sweep, coalesced session.seen, counted refusals
// and reads, each of accounts that this node owns; the others' owners are told (observations.h). Runs on a thread of
// its own; what it submits goes in the bulk lane, so that it never holds up others.

#include <functional>
#include <stop_token>
#include <thread>

#include "adapters/commands/decider.h"
#include "adapters/commands/read_log.h"
#include "adapters/commands/session_activity.h"
#include "adapters/commands/submitter.h"

namespace countersign::commands {

class Upkeep {
 public:
  /// Is told of authenticators that the sweep has deleted.
  using Deleted = std::function<void(domain::AccountId, domain::AuthenticatorId)>;
  Upkeep(Submitter& submitter, projections::Views& views, RefusalLog& refusals, ReadLog& reads,
         SessionActivity& activity, std::function<domain::UnixMs()> clock, std::function<void(std::string_view)> warn,
         Deleted deleted);
  ~Upkeep() { stop(); }
  void start();
  /// Ends the thread and writes what has been counted of the running minute, and reads of the running windows.
  void stop();

  /// One round, as the thread makes every second. Returns events written by the sweep.
  std::uint64_t round();

 private:
  std::uint64_t sweep();
  void log_sessions();
  void write_refusals(const std::vector<RefusalLog::Counted>& counts);
  void write_reads(const std::vector<ReadLog::Counted>& counts);

  Submitter& submitter_;
  const OfAccount mine_ = [this](domain::AccountId account) { return submitter_.takes(account); };
  projections::Views& views_;
  RefusalLog& refusals_;
  ReadLog& reads_;
  SessionActivity& activity_;
  std::function<domain::UnixMs()> clock_;
  std::function<void(std::string_view)> warn_;
  Deleted deleted_;
  std::jthread thread_;
};

}  // namespace countersign::commands
