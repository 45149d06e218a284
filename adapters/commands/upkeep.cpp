#include "adapters/commands/upkeep.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "domain/record.h"

namespace countersign::commands {
namespace {

constexpr std::size_t chunk = 200;

Call system_call(domain::AccountId account, bus::Lane lane = bus::Lane::bulk) {
  Call call;
  call.context.account = account;
  call.context.actor.kind = domain::PartyKind::system;
  call.lane = lane;
  return call;
}

}  // namespace

Upkeep::Upkeep(Submitter& submitter, projections::Views& views, RefusalLog& refusals, ReadLog& reads,
               SessionActivity& activity, std::function<domain::UnixMs()> clock,
               std::function<void(std::string_view)> warn, Deleted deleted)
    : submitter_(submitter),
      views_(views),
      refusals_(refusals),
      reads_(reads),
      activity_(activity),
      clock_(std::move(clock)),
      warn_(std::move(warn)),
      deleted_(std::move(deleted)) {}

void Upkeep::start() {
  thread_ = std::jthread([this](std::stop_token token) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!token.stop_requested()) {
      try {
        round();
      } catch (const std::exception& error) {
        warn_(std::string("upkeep: ") + error.what());
      }
      std::unique_lock lock(mutex);
      wake.wait_for(lock, token, std::chrono::seconds(1), [] { return false; });
    }
  });
}

void Upkeep::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  write_refusals(refusals_.take_all());
  write_reads(reads_.take_all());
}

std::uint64_t Upkeep::round() {
  write_refusals(refusals_.take_ended(clock_(), mine_));
  write_reads(reads_.take_ended(clock_(), mine_));
  log_sessions();
  return sweep();
}

std::uint64_t Upkeep::sweep() {
  std::uint64_t events = 0;
  const auto until = projections::expiry_bound(clock_());
  auto from = projections::expiry_bound(-1);
  // Each row once a round: one that can't be written must not keep those behind it from being written.
  for (std::size_t found = chunk; found == chunk;) {
    std::map<domain::AccountId, domain::SweepExpired> due;
    found = 0;
    std::string last;
    views_.scan_range(from, until, [&](std::string_view key, std::string_view user) {
      const auto entry = projections::parse_expiry_key(key);
      due[entry.account].due.push_back({domain::UserId{domain::uuid_from(user)}, entry.object});
      last = key;
      return ++found < chunk;
    });
    from = last + '\0';
    for (auto& [account, command] : due) {
      if (!submitter_.takes(account)) continue;  // its owner's
      const auto outcome = submitter_.wait(system_call(account), std::move(command));
      if (outcome.settlement.error) return events;  // the log takes nothing now: the next round tries again
      if (outcome.refusal) {
        warn_("expiries of " + account_text(account) + " were refused: " + outcome.refusal->detail);
        continue;
      }
      events += outcome.result->events;
      for (const auto id : outcome.result->deleted) deleted_(account, id);
    }
  }
  return events;
}

void Upkeep::log_sessions() {
  const auto due = activity_.take_due(clock_(), chunk, mine_);
  std::map<domain::AccountId, domain::TouchSessions> chunks;
  for (const auto& session : due) chunks[session.account].seen.push_back(session.seen);
  for (auto& [account, command] : chunks) {
    const auto outcome = submitter_.wait(system_call(account), std::move(command));
    if (outcome.ok()) continue;
    for (const auto& session : due)
      if (session.account == account) activity_.put_back(session);
  }
}

/// They stand in frames together: each waits for nothing but its own answer.
void Upkeep::write_refusals(const std::vector<RefusalLog::Counted>& counts) {
  using Written = std::future<Outcome<domain::Done>>;
  std::vector<std::pair<const RefusalLog::Counted*, Written>> under_way;
  for (const auto& counted : counts) {
    auto call = system_call(counted.refused.account, bus::Lane::interactive);
    call.context.ip = counted.refused.ip;
    call.context.ip_digest = counted.refused.source;
    if (counted.refused.actor.kind != domain::PartyKind::none) call.context.actor = counted.refused.actor;
    domain::RecordRefusals record{counted.refused.type, counted.refused.reason, counted.count, counted.window_start,
                                  counted.refused.subject};
    under_way.emplace_back(&counted, submitter_.begin(std::move(call), std::move(record)));
  }
  for (auto& [counted, written] : under_way)
    if (!written.get().ok()) refusals_.put_back(*counted);
}

void Upkeep::write_reads(const std::vector<ReadLog::Counted>& counts) {
  for (const auto& counted : counts) {
    auto call = system_call(counted.reader.account, bus::Lane::interactive);
    call.context.actor = counted.reader.actor;
    call.context.role = counted.reader.role;
    if (!submitter_.wait(std::move(call), counted.reads).ok()) reads_.put_back(counted);
  }
}

}  // namespace countersign::commands
