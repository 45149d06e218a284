#pragma once
// Turns the events of a decision into bytes: gives each its id, sequence and time, seals its personal part, encodes it.
//
// Concurrency: the sequencer's thread only.

#include <optional>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "adapters/keys/lookup.h"
#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::commands {

struct WrittenEvent {
  std::string bytes;
  domain::Digest clear_hash{};
};

class EventWriter {
 public:
  explicit EventWriter(keys::KeyStore& keys) : keys_(keys) {}

  /// `sequence` of its account. Nothing when the key is missing that would seal it: a user was erased meanwhile, or
  /// never had a key made. What the system itself writes without a personal value needs no key then: nothing is sealed.
  /// Throws std::runtime_error when the key store can't be read.
  std::optional<WrittenEvent> write(domain::NewEvent event, const domain::Context& context, std::uint64_t sequence);

 private:
  std::optional<keys::Key> sealing_key(const domain::NewEvent& event, domain::AccountId account);
  keys::KeyStore& keys_;
};

}  // namespace countersign::commands
