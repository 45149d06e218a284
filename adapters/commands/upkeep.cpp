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

Upkeep::Upkeep(Submitter& submitter, projections::Views& views, RefusalLog& refusals, SessionActivity& activity,
               std::function<domain::UnixMs()> clock, std::function<void(std::string_view)> warn)
    : submitter_(submitter),
      views_(views),
      refusals_(refusals),
      activity_(activity),
      clock_(std::move(clock)),
      warn_(std::move(warn)) {}

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
}

std::uint64_t Upkeep::round() {
  log_refusals();
  log_sessions();
  return sweep();
}

std::uint64_t Upkeep::sweep() {
  std::uint64_t events = 0;
  for (;;) {
    std::map<domain::AccountId, domain::SweepExpired> due;
    std::size_t found = 0;
    views_.scan_range(projections::expiry_bound(-1), projections::expiry_bound(clock_()),
                      [&](std::string_view key, std::string_view user) {
                        const auto entry = projections::parse_expiry_key(key);
                        due[entry.account].due.push_back({domain::UserId{domain::uuid_from(user)}, entry.object});
                        return ++found < chunk;
                      });
    std::uint64_t written = 0;
    for (auto& [account, command] : due) {
      const auto outcome = submitter_.wait(system_call(account), std::move(command));
      if (!outcome.ok()) return events;
      written += outcome.result->events;
    }
    events += written;
    // Nothing written: what is due has been decided already and is about to land.
    if (found < chunk || written == 0) return events;
  }
}

void Upkeep::log_sessions() {
  const auto due = activity_.take_due(clock_(), chunk);
  std::map<domain::AccountId, domain::TouchSessions> chunks;
  for (const auto& session : due) chunks[session.account].seen.push_back(session.seen);
  for (auto& [account, command] : chunks) submitter_.wait(system_call(account), std::move(command));
}

void Upkeep::log_refusals() {
  for (const auto& counted : refusals_.take_ended(clock_())) {
    auto call = system_call(counted.account);
    call.context.ip = counted.ip;
    call.context.ip_digest = counted.source;
    submitter_.wait(std::move(call),
                    domain::RecordRefusals{counted.type, counted.reason, counted.count, counted.window_start});
  }
}

}  // namespace countersign::commands
