#include "tools/countersignd/steward.h"

#include "bus/format.h"
#include "domain/account.h"
#include "domain/record.h"

namespace countersign::server {

Steward::Steward(const commands::Partitions& partitions, commands::Submitter& submitter, keys::KeyStore& keys,
                 std::string node, bool clustered, Log& log)
    : partitions_(partitions),
      submitter_(submitter),
      keys_(keys),
      node_(std::move(node)),
      clustered_(clustered),
      log_(log),
      begun_(partitions.count()),
      wrong_clock_(partitions.count()) {}

void Steward::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Steward::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Steward::erased(domain::AccountId account, domain::UserId user) {
  const std::lock_guard lock(mutex_);
  erased_.push_back({account, user});
}

void Steward::deleted(domain::AccountId account, domain::AuthenticatorId authenticator) {
  const std::lock_guard lock(mutex_);
  deleted_.push_back({account, authenticator.uuid});
}

template <class Name>
void Steward::destroy(std::vector<Name>& doomed,
                      boost::system::error_code (keys::KeyStore::*erase)(std::span<const Name>),
                      const char* complaint) {
  std::vector<Name> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(doomed);
  }
  if (taken.empty()) return;
  if (const auto error = (keys_.*erase)(taken)) {
    say(complaint, error);
    const std::lock_guard lock(mutex_);
    doomed.insert(doomed.end(), taken.begin(), taken.end());
  }
}

void Steward::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (std::uint32_t n = 0; clustered_ && n < partitions_.count() && !stop.stop_requested(); ++n) look_after(n);
    destroy(erased_, &keys::KeyStore::erase_subjects, "keys of erased people can't be destroyed yet");
    destroy(deleted_, &keys::KeyStore::destroy_secrets, "seeds of deleted authenticators can't be destroyed yet");
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
  }
}

void Steward::look_after(std::uint32_t number) {
  const auto status = partitions_.at(number).status();
  if (status.wrong_clock != wrong_clock_[number]) {
    wrong_clock_[number] = status.wrong_clock;
    if (!status.wrong_clock.empty())
      log_.write(LogLevel::error, "doesn't own a partition",
                 {{"partition", std::to_string(number)}, {"reason", status.wrong_clock}});
  }
  if (status.sequencer.phase != bus::SequencerPhase::serving || status.sequencer.term == begun_[number]) return;
  commands::Call call;
  call.context.account = domain::system_account(number);
  call.context.actor.kind = domain::PartyKind::system;
  const auto created = submitter_.wait(call, domain::CreateSystemAccount{});
  if (!created.ok()) return;  // lost again, or the log takes nothing: the next look tries again
  const domain::RecordServer started{domain::EventType::server_started, bus::this_release(), node_};
  if (!submitter_.wait(call, started).ok()) return;
  begun_[number] = status.sequencer.term;
  log_.write(LogLevel::info, "owns a partition",
             {{"partition", std::to_string(number)}, {"term", std::to_string(bus::value(status.sequencer.term))}});
}

/// Of what is tried again until it is done, once a minute.
void Steward::say(const char* what, const boost::system::error_code& error) {
  auto& said = said_[what];
  const auto now = std::chrono::steady_clock::now();
  if (said && now - *said < std::chrono::minutes(1)) return;
  said = now;
  log_.write(LogLevel::error, what, {{"reason", error.message()}});
}

}  // namespace countersign::server
