#pragma once
// The log of a data directory, of a copy or of a backup, opened for reading only, with its keys or without; or one
// partition of a cluster's (cluster_source.h). With keys every record takes the one acceptance function; without them
// the same rules hold but for the HMAC, and whoever asks must be told so. With an audit key what one account sealed can
// be opened, and nothing more.
//
// Writes nothing below the directory. Concurrency: one thread.

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/keys/account_keys.h"
#include "adapters/keys/key_store.h"
#include "bus/acceptance.h"
#include "bus/embedded_log.h"
#include "tools/replay/cluster_source.h"

namespace countersign::replay {

struct Source {
  std::filesystem::path directory;
  std::filesystem::path master_key_file;           ///< empty: <directory>/master-key
  bool no_keys = false;                            ///< don't even look for keys
  std::filesystem::path audit_key_file{};          ///< instead of the master key; empty: none
  std::shared_ptr<const ClusterSource> cluster{};  ///< instead of all these; null: none
  std::uint32_t partition = 0;                     ///< of the cluster's
};

/// One record of the log and what became of it.
struct Step {
  bus::LogRecord at;
  std::optional<bus::Record> record;    ///< when it counts
  std::optional<bus::Ignored> ignored;  ///< when it doesn't
  bus::AcceptanceState after;
  const bus::Frame* frame() const { return record ? std::get_if<bus::Frame>(&*record) : nullptr; }
};

class AuditedLog {
 public:
  /// Throws std::runtime_error with a text for the operator.
  explicit AuditedLog(const Source& source);
  /// Of a log that somebody else has opened. Both outlive it.
  AuditedLog(bus::PartitionLog& log, const bus::LogIdentity& identity, keys::KeyStore& keys);

  /// The next record; null at the end. Throws std::runtime_error when the log can't be read on.
  const Step* next();
  /// The same into a step of one's own; false at the end.
  bool read(Step& into);
  const bus::AcceptanceState& state() const { return state_; }

  /// Null without keys; `why_no_keys` then says why.
  keys::KeyStore* keys() const { return keys_; }
  const std::string& why_no_keys() const { return why_no_keys_; }
  /// It is a cluster's topic.
  bool others_may_write() const { return others_may_write_; }
  /// What opens this account's seals; null without keys for it.
  keys::SealKeys* seal_keys(domain::AccountId account) const;
  const bus::LogIdentity& identity() const { return identity_; }
  /// Newest frame that was acknowledged, as the anchor says; zero where there is none.
  bus::FrameNumber acknowledged() const { return own_log_ ? own_log_->acknowledged().number : bus::FrameNumber{}; }

 private:
  void open_directory(const Source& source);
  void open_keys(const Source& source);
  void judge_with_keys(Step& step);
  void judge_without_keys(Step& step);
  std::unique_ptr<keys::KeyStore> own_keys_;
  keys::KeyStore* keys_ = nullptr;
  std::unique_ptr<keys::AccountKeys> account_keys_;
  std::string why_no_keys_;
  bool others_may_write_ = false;
  bus::LogIdentity identity_;
  std::unique_ptr<bus::EmbeddedLog> own_log_;
  bus::PartitionLog* log_ = nullptr;
  std::optional<bus::Acceptance> acceptance_;
  bus::AcceptanceState state_;
  std::deque<bus::LogRecord> read_;
  Step step_;
};

/// Told now and then how far a long reading is.
using Progress = std::function<void(std::uint64_t frames, std::uint64_t events)>;

}  // namespace countersign::replay
