#pragma once
// Whether what is sealed belongs to what stands in clear beside it: the event's key is the one that its clear part
// commits to, and opens what is sealed with this clear part. So an altered clear part is found by who has the keys even
// where every HMAC fits.
//
// Concurrency: one thread.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "domain/event.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

class SealChecks {
 public:
  explicit SealChecks(const AuditedLog& log) : log_(log) {}

  /// Empty, or what is wrong with the event. Throws boost::system::system_error when a key can't be read.
  std::string take(const domain::EventView& event);

  std::uint64_t opened() const { return opened_; }
  /// Sealed for people who have been erased: rightly without a key.
  std::uint64_t erased() const;
  /// What could not be opened though it should be; after the last event.
  std::vector<std::string> unchecked() const;

 private:
  const AuditedLog& log_;
  std::uint64_t opened_ = 0, without_keys_ = 0;
  std::map<keys::Subject, std::uint64_t> keyless_;
  std::set<keys::Subject> erased_;
};

}  // namespace countersign::replay
