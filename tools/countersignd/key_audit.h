#pragma once
// Looks for people who are there and whose key isn't: an older copy of the key store, or damage, beyond the newest
// people whom a start looks at (recovery.h). Beside serving, because it walks through everybody.
//
// Concurrency: any thread, while people are created and erased.

#include <stop_token>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "projections/views.h"
#include "tools/countersignd/logging.h"

namespace countersign::server {

struct PeopleWithoutKeys {
  std::uint64_t count = 0;
  std::vector<std::string> first;  ///< ids of a few
};

/// What was found until `stop`. Throws std::runtime_error when keys or views can't be read.
PeopleWithoutKeys people_without_keys(keys::KeyStore& keys, const projections::Views& views,
                                      const std::stop_token& stop);

/// The same, as an error in the log if there is anybody.
void audit_keys(keys::KeyStore& keys, const projections::Views& views, Log& log, const std::stop_token& stop);

}  // namespace countersign::server
