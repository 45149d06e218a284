#include "adapters/notary/notary.h"

#include <sys/resource.h>

#include <condition_variable>
#include <stdexcept>

#include "adapters/keys/rfc4648.h"

namespace countersign::notary {
namespace {

using domain::AccountId;
using projections::TreeHead;

std::string text_of(const TreeHead& head) {
  return "size " + std::to_string(head.size) + ", root " + keys::base64(bus::view(head.root));
}

}  // namespace

Notary::Notary(const projections::Views& views, projections::AccountTrees& trees, NotaryOptions options)
    : views_(views), trees_(trees), options_(std::move(options)), public_key_(keys::public_key_of(options_.seed)) {
  auto known = options_.former;
  known.push_back(public_key_);
  for (auto& found : read_signed_heads(options_.directory, known)) log_of(found.account)->heads.push_back(found);
}

Notary::~Notary() {
  stop();
}

std::shared_ptr<Notary::Log> Notary::log_of(AccountId account) {
  const std::lock_guard lock(mutex_);
  auto& known = logs_[account];
  if (!known) {
    known = std::make_shared<Log>();
    asked_anew_ = true;
  }
  return known;
}

VerifierKey Notary::verifier_key(AccountId account) const {
  return {origin_of(options_.host, account), public_key_};
}

const SignedHead* Notary::last_signed(AccountId account, const Log& log) const {
  const auto key = verifier_key(account);
  for (const auto& found : log.heads)
    if (found.head && found.head->key == key) return &*found.head;
  return nullptr;
}

std::string Notary::contradiction_in(AccountId account, const Log& log) {
  const auto log_text = "the log of " + account_text(account);
  const auto size = trees_.size(account);
  for (const auto& found : log.heads) {
    if (!found.flaw.empty()) return "the signed head " + found.file.string() + " " + found.flaw;
    const auto& head = found.head->checkpoint.head;
    if (size < head.size)
      return log_text + " has " + std::to_string(size) + " events, but " + std::to_string(head.size) +
             " were signed: an older copy of it was put back, or its end is gone";
    const auto now = trees_.head(account, head.size);
    if (now != head)
      return log_text + " is not the one that was signed: it has " + text_of(now) + "; signed was " + text_of(head);
  }
  return {};
}

/// What a request waits for. The thread goes on with what is left.
bool Notary::catch_up(AccountId account) {
  for (unsigned chunk = 0; chunk < options_.chunks_a_request; ++chunk)
    if (trees_.catch_up(account)) return true;
  return false;
}

/// Whether the log may be signed on; its events are all in the tree.
bool Notary::prove(AccountId account, Log& log) {
  if (!log.proven && log.contradiction.empty()) {
    log.contradiction = contradiction_in(account, log);
    log.proven = log.contradiction.empty();
  }
  if (log.proven) return true;
  {
    const std::lock_guard lock(mutex_);
    status_.contradiction = log.contradiction;
  }
  if (!std::exchange(log.reported, true) && options_.report) options_.report(log.contradiction);
  return false;
}

std::string Notary::sign(AccountId account, Log& log, const TreeHead& head) {
  SignedHead made{verifier_key(account), {}, {origin_of(options_.host, account), head}};
  made.note = sign_note(text_of(made.checkpoint), made.key.name, options_.seed);
  write_signed_head(options_.directory, account, made);
  const auto note = made.note;
  for (auto& found : log.heads)
    if (found.head && found.head->key == made.key) {
      found.head = std::move(made);
      return note;
    }
  log.heads.push_back({{}, account, std::move(made), {}});
  return note;
}

std::variant<std::string, NotYet, Contradiction> Notary::checkpoint(AccountId account) {
  const auto log = log_of(account);
  const std::lock_guard lock(log->mutex);
  if (!catch_up(account)) return NotYet{};
  if (!prove(account, *log)) return Contradiction{log->contradiction};
  const auto head = trees_.head(account);
  if (const auto* last = last_signed(account, *log); last && last->checkpoint.head == head) return last->note;
  return sign(account, *log, head);
}

Notary::Found Notary::look(AccountId account, const std::function<std::optional<std::string>()>& find) {
  log_of(account);  // followed from now on
  if (auto found = find()) return found;
  const bool complete = catch_up(account);
  auto found = find();
  if (!found && !complete) return NotYet{};
  return found;
}

Notary::Found Notary::tile(AccountId account, const projections::Tile& tile) {
  return look(account, [&] { return trees_.tile(account, tile); });
}

Notary::Found Notary::entries(AccountId account, const projections::Tile& tile) {
  return look(account, [&] { return trees_.entries(account, tile); });
}

std::vector<Notary::Published> Notary::verifier_keys(AccountId account) {
  const auto log = log_of(account);
  const std::lock_guard lock(log->mutex);
  const auto* last = last_signed(account, *log);
  std::vector<Published> keys{{verifier_key(account), last ? last->checkpoint.head.size : 0}};
  for (const auto& found : log->heads)
    if (found.flaw.empty() && found.head->key != keys.front().key)
      keys.push_back({found.head->key, found.head->checkpoint.head.size});
  return keys;
}

/// Whether there is more to do.
bool Notary::follow() {
  const auto reached = views_.positions();
  std::vector<std::pair<AccountId, std::shared_ptr<Log>>> logs;
  {
    const std::lock_guard lock(mutex_);
    if (reached == status_.reached && !std::exchange(asked_anew_, false)) return false;
    logs.assign(logs_.begin(), logs_.end());
  }
  bool complete = true;
  for (const auto& [account, log] : logs) {
    if (!trees_.catch_up(account)) {
      complete = false;
      continue;
    }
    const std::lock_guard lock(log->mutex);
    prove(account, *log);
  }
  const std::lock_guard lock(mutex_);
  if (complete)
    status_.reached = reached;
  else
    asked_anew_ = true;
  return !complete;
}

void Notary::start() {
  thread_ = std::jthread([this](const std::stop_token& token) {
    ::setpriority(PRIO_PROCESS, 0, 19);  // Linux: of this thread
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!token.stop_requested()) {
      bool more = false;
      try {
        more = follow();
      } catch (const std::exception& failed) {
        const std::lock_guard lock(mutex_);
        status_.last_error = failed.what();
      }
      std::unique_lock lock(mutex);
      wake.wait_for(lock, token, more ? std::chrono::milliseconds(1) : options_.look_every, [] { return false; });
    }
  });
  pthread_setname_np(thread_.native_handle(), "notary");
}

void Notary::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Notary::Status Notary::status() {
  std::vector<AccountId> accounts;
  Status status;
  {
    const std::lock_guard lock(mutex_);
    status = status_;
    for (const auto& [account, log] : logs_) accounts.push_back(account);
  }
  for (const auto account : accounts) {
    const auto row = views_.get(projections::account_key(account));
    if (!row) continue;
    const auto last = projections::decode_account(*row).last_sequence, size = trees_.size(account);
    if (last > size) status.behind += last - size;
  }
  return status;
}

}  // namespace countersign::notary
