#pragma once
// What a start does before it serves: folds the part of the log that the views don't have, refuses a log that lacks or
// changed what was acknowledged or an older copy of the key store, and destroys keys again whose people have been
// erased.

#include <filesystem>

#include "adapters/keys/key_store.h"
#include "bus/embedded_log.h"
#include "projections/views.h"
#include "tools/countersignd/logging.h"

namespace countersign::server {

struct Recovered {
  bus::EmbeddedLog& log;
  keys::KeyStore& keys;
  projections::Views& views;
  bus::LogIdentity identity;
  std::filesystem::path log_directory, keys_directory;  ///< for texts
};

/// The state that log and views stand at. Throws StartRefused with a text for the operator.
bus::AcceptanceState recover(const Recovered& parts, Log& log);

}  // namespace countersign::server
