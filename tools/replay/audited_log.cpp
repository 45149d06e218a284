#include "tools/replay/audited_log.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <iterator>

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "bus/anchor.h"

namespace countersign::replay {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t read_bytes = 4u << 20;
}  // namespace

void AuditedLog::open_keys(const Source& source) {
  const auto store = source.directory / "keys";
  const auto master = source.master_key_file.empty() ? source.directory / "master-key" : source.master_key_file;
  if (source.no_keys) {
    why_no_keys_ = "keys were not asked for";
  } else if (!source.audit_key_file.empty()) {
    account_keys_ = std::make_unique<keys::AccountKeys>(store, keys::load_audit_key(source.audit_key_file));
    why_no_keys_ = "the audit key opens what " + account_text(account_keys_->audit_key().account) +
                   " sealed, and nothing else: the rest takes the master key";
  } else if (!fs::exists(master) && source.master_key_file.empty()) {
    why_no_keys_ = "there is no master key in " + master.string();
  } else if (!fs::exists(store)) {
    why_no_keys_ = "there is no key store in " + store.string();
  } else {
    own_keys_ = keys::open_with_master_file(store, master, keys::KeyStore::Mode::read_only);
    keys_ = own_keys_.get();
    identity_ = keys::log_identity(*keys_);
    acceptance_.emplace(identity_, keys_->cluster().log.key.view(), state_);
  }
}

AuditedLog::AuditedLog(const Source& source) {
  if (!source.cluster) {
    open_directory(source);
    return;
  }
  keys_ = &source.cluster->keys();
  identity_ = source.cluster->identity(source.partition);
  log_ = &source.cluster->log(source.partition);
  others_may_write_ = true;
  acceptance_.emplace(identity_, keys_->cluster().log.key.view(), state_);
}

AuditedLog::AuditedLog(bus::PartitionLog& log, const bus::LogIdentity& identity, keys::KeyStore& keys)
    : keys_(&keys), identity_(identity), log_(&log) {
  acceptance_.emplace(identity_, keys.cluster().log.key.view(), state_);
}

void AuditedLog::open_directory(const Source& source) {
  const auto log = source.directory / "log";
  if (!fs::exists(log)) throw std::runtime_error(source.directory.string() + " holds no log");
  open_keys(source);
  if (!keys_) {
    const auto anchor = bus::read_anchor(*rocksdb::Env::Default()->GetFileSystem(), (log / "anchor").string());
    if (anchor.has_error()) throw std::runtime_error((log / "anchor").string() + ": " + anchor.error().message());
    identity_ = anchor->identity;
  }
  bus::EmbeddedLogOptions options;
  options.directory = log.string();
  options.identity = identity_;
  own_log_ = bus::EmbeddedLog::open_read_only(options);
  log_ = own_log_.get();
}

keys::SealKeys* AuditedLog::seal_keys(domain::AccountId account) const {
  if (keys_) return keys_;
  return account_keys_ && account_keys_->audit_key().account == account ? account_keys_.get() : nullptr;
}

const Step* AuditedLog::next() {
  return read(step_) ? &step_ : nullptr;
}

bool AuditedLog::read(Step& into) {
  if (read_.empty()) {
    auto read = log_->read(state_.next, read_bytes);
    if (read.has_error()) throw std::runtime_error("the log can't be read: " + read.error().message());
    if (read->empty()) return false;
    read_.assign(std::make_move_iterator(read->begin()), std::make_move_iterator(read->end()));
  }
  into = {};
  into.at = std::move(read_.front());
  read_.pop_front();
  keys_ ? judge_with_keys(into) : judge_without_keys(into);
  into.after = state_;
  return true;
}

void AuditedLog::judge_with_keys(Step& step) {
  const auto before = acceptance_->ignored();
  auto taken = acceptance_->take(step.at);
  if (taken.has_error()) throw std::runtime_error(bus::describe_newer_format(step.at.bytes));
  state_ = acceptance_->state();
  if (taken->has_value()) {
    step.record = **std::move(taken);
    return;
  }
  for (std::size_t reason = 0; reason < before.size(); ++reason)
    if (acceptance_->ignored()[reason] != before[reason]) step.ignored = static_cast<bus::Ignored>(reason);
}

void AuditedLog::judge_without_keys(Step& step) {
  const auto decoded = bus::decode_unauthenticated(identity_, step.at.bytes);
  const auto passed_over = bus::Offset{bus::value(step.at.offset) + 1};
  state_.next = passed_over;
  if (decoded.has_error()) {
    if (decoded.error() == bus::make_error_code(bus::errc::newer_format))
      throw std::runtime_error(bus::describe_newer_format(step.at.bytes));
    step.ignored = decoded.error() == bus::make_error_code(bus::errc::wrong_cluster)     ? bus::Ignored::wrong_cluster
                   : decoded.error() == bus::make_error_code(bus::errc::wrong_partition) ? bus::Ignored::wrong_partition
                                                                                         : bus::Ignored::damaged;
  } else if (const auto reason = bus::reason_to_ignore(state_, *decoded)) {
    step.ignored = *reason;
  } else {
    state_ = bus::accept(state_, *decoded, bus::head_after(state_.head, step.at.bytes), step.at.offset);
    step.record = *decoded;
  }
}

}  // namespace countersign::replay
