#include "tools/replay/audited_log.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <iterator>

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "bus/anchor.h"

namespace countersign::replay {

namespace fs = std::filesystem;

AuditedLog::AuditedLog(const Source& source) {
  const auto log = source.directory / "log";
  if (!fs::exists(log)) throw std::runtime_error(source.directory.string() + " holds no log");
  const auto master = source.master_key_file.empty() ? source.directory / "master-key" : source.master_key_file;
  if (source.no_keys) {
    why_no_keys_ = "keys were not asked for";
  } else if (!fs::exists(master) && source.master_key_file.empty()) {
    why_no_keys_ = "there is no master key in " + master.string();
  } else if (!fs::exists(source.directory / "keys")) {
    why_no_keys_ = "there is no key store in " + (source.directory / "keys").string();
  } else {
    keys_ = keys::open_with_master_file(source.directory / "keys", master, keys::KeyStore::Mode::read_only);
    identity_ = keys::log_identity(*keys_);
    acceptance_.emplace(identity_, keys_->cluster().log.key.view(), state_);
  }
  if (!keys_) {
    const auto anchor = bus::read_anchor(*rocksdb::Env::Default()->GetFileSystem(), (log / "anchor").string());
    if (anchor.has_error()) throw std::runtime_error((log / "anchor").string() + ": " + anchor.error().message());
    identity_ = anchor->identity;
  }
  bus::EmbeddedLogOptions options;
  options.directory = log.string();
  options.identity = identity_;
  log_ = bus::EmbeddedLog::open_read_only(options);
}

const Step* AuditedLog::next() {
  if (read_.empty()) {
    auto read = log_->read(state_.next, 4u << 20);
    if (read.has_error()) throw std::runtime_error("the log can't be read: " + read.error().message());
    if (read->empty()) return nullptr;
    read_.assign(std::make_move_iterator(read->begin()), std::make_move_iterator(read->end()));
  }
  step_ = {};
  step_.at = std::move(read_.front());
  read_.pop_front();
  keys_ ? judge_with_keys() : judge_without_keys();
  step_.after = state_;
  return &step_;
}

void AuditedLog::judge_with_keys() {
  const auto before = acceptance_->ignored();
  auto taken = acceptance_->take(step_.at);
  if (taken.has_error()) throw std::runtime_error(bus::describe_newer_format(step_.at.bytes));
  state_ = acceptance_->state();
  if (taken->has_value()) {
    step_.record = **std::move(taken);
    return;
  }
  for (std::size_t reason = 0; reason < before.size(); ++reason)
    if (acceptance_->ignored()[reason] != before[reason]) step_.ignored = static_cast<bus::Ignored>(reason);
}

void AuditedLog::judge_without_keys() {
  const auto decoded = bus::decode_unauthenticated(identity_, step_.at.bytes);
  const auto passed_over = bus::Offset{bus::value(step_.at.offset) + 1};
  state_.next = passed_over;
  if (decoded.has_error()) {
    if (decoded.error() == bus::make_error_code(bus::errc::newer_format))
      throw std::runtime_error(bus::describe_newer_format(step_.at.bytes));
    step_.ignored = decoded.error() == bus::make_error_code(bus::errc::wrong_cluster) ? bus::Ignored::wrong_cluster
                    : decoded.error() == bus::make_error_code(bus::errc::wrong_partition)
                        ? bus::Ignored::wrong_partition
                        : bus::Ignored::damaged;
  } else if (const auto reason = bus::reason_to_ignore(state_, *decoded)) {
    step_.ignored = *reason;
  } else {
    state_ = bus::accept(state_, *decoded, bus::head_after(state_.head, step_.at.bytes), step_.at.offset);
    step_.record = *decoded;
  }
}

}  // namespace countersign::replay
