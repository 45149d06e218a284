#pragma once
// Backups: a consistent copy of log and key store while the server runs (never with the master key in it), and their
// restoration, which refuses what doesn't verify.
//
//   <backup>/manifest.json  log/  keys/  heads/

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "bus/embedded_log.h"
#include "tools/countersignd/data_directory.h"

namespace countersign::server {

/// The log's identity follows from its key, so that log and key store of two installations can't be mixed up.
bus::LogIdentity identity_of(const keys::KeyStore& keys);

struct BackupSource {
  bus::EmbeddedLog& log;
  keys::KeyStore& keys;
  std::filesystem::path signed_heads;
  bus::LogIdentity identity;
  bus::FrameNumber frame;
  domain::UnixMs time;
};

/// Empty on success, else what failed. The directory must not exist.
std::string write_backup(const BackupSource& source, const std::filesystem::path& directory);

/// Copies a backup into an empty data directory, verifies every frame of the copy, and applies the erasures that its
/// log knows of. The directory is marked until restore_ended(). Throws StartRefused.
void restore_files(const Settings& settings, DataDirectory& directory);
/// Refuses a directory whose restoration was broken off: its codes and tokens would be those of the backup.
void refuse_half_restored(const DataDirectory& directory);
void restore_ended(const DataDirectory& directory);
/// The list of erasures that are later than the backup, which an installation's signing key has signed. Throws
/// StartRefused.
std::vector<keys::Subject> read_erasures(const Settings& settings, const keys::KeyStore& keys);

}  // namespace countersign::server
