#pragma once
// The production parts in one process, without HTTP, in a directory as a server has it: key store with its master key,
// log (embedded unless another is handed in), views, decider, sequencer; with one account, to which users with an open
// code each are added as needed.

#include <memory>
#include <string>
#include <vector>

#include "adapters/commands/decider.h"
#include "adapters/commands/submitter.h"
#include "bus/embedded_log.h"
#include "bus/running_partition.h"
#include "domain/registration_code.h"
#include "projections/projector.h"
#include "tools/bench/measure.h"

namespace countersign::bench {

class Stage {
 public:
  /// `log`: an empty partition 0; null: an embedded log is made.
  Stage(const std::filesystem::path& directory, std::size_t works_per_batch,
        std::unique_ptr<bus::PartitionLog> log = nullptr);
  ~Stage();

  /// Makes `count` users with one code each; returns what redeems those codes.
  std::vector<domain::RedeemCode> add_users(std::size_t count);
  commands::Call redeem_call() const;
  /// Redeems all of them, many at a time.
  void redeem_all(std::vector<domain::RedeemCode> redeems);
  domain::AccountId account() const { return account_; }

  commands::Submitter& submitter() { return *submitter_; }
  bus::PartitionLog& log() { return *log_; }
  const bus::LogIdentity& identity() const { return identity_; }
  std::string_view log_key() const { return keys_->cluster().log.key.view(); }
  bus::Offset log_end() { return *log_->end(); }
  /// Records of [from, until) as they stand in the log.
  std::vector<std::string> records(bus::Offset from, bus::Offset until);
  /// A copy of the embedded log as it is now, which takes the frames that come next.
  std::unique_ptr<bus::EmbeddedLog> copy_log_to(const std::filesystem::path& directory) const;
  /// Drains the sequencer and ends it; the embedded log stays.
  void stop();
  std::string fingerprint_of_views() const;

 private:
  void open_embedded();
  template <class Command>
  auto must(commands::Call call, Command command);
  commands::Call admin_call(bus::Lane lane = bus::Lane::interactive) const;

  std::unique_ptr<keys::KeyStore> keys_;
  std::unique_ptr<keys::Lookup> lookup_;
  bus::LogIdentity identity_;
  bus::EmbeddedLogOptions log_options_;
  std::unique_ptr<bus::PartitionLog> log_;
  bus::EmbeddedLog* embedded_ = nullptr;  ///< the same, if it is one
  std::unique_ptr<projections::Views> views_;
  commands::RefusalLog refusals_;
  std::unique_ptr<commands::Published> published_;
  std::unique_ptr<commands::CommandDecider> decider_;
  std::unique_ptr<projections::Projector> projector_;
  std::unique_ptr<bus::RunningPartition> partition_;
  std::unique_ptr<commands::Partitions> partitions_;
  std::unique_ptr<commands::Submitter> submitter_;
  domain::AccountId account_;
  domain::ApiKeyId admin_;
  std::uint16_t slot_ = 0;
  std::uint64_t users_ = 0;
};

}  // namespace countersign::bench
