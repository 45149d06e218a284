#pragma once
// The master key is changed while the server is stopped, when nobody can write the log. So the change leaves word in
// the key store, and the next start writes master_key.rotated: one event for each, whenever a crash comes.

#include <string>

#include "adapters/commands/submitter.h"
#include "adapters/keys/key_store.h"
#include "projections/views.h"
#include "tools/countersignd/logging.h"

namespace countersign::server {

struct RotationReport {
  keys::KeyStore& keys;
  const projections::Views& views;  ///< in which everything that the log holds has landed
  commands::Submitter& submitter;
  commands::Call call;  ///< the system's own
  std::string node;
};

/// What can't be written now is left for the next start, with a line in `log`.
void report_rotations(const RotationReport& parts, Log& log);

}  // namespace countersign::server
