#pragma once
// Turns the events of a decision into bytes: gives each its id, sequence and time, seals its personal part, encodes it.
//
// Concurrency: the sequencer's thread only.

#include <functional>
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

/// Where a source address is, as far as that is known.
struct Location {
  std::uint16_t country = 0;  ///< domain/events.fbs
  std::string city, as_organization;
  std::uint32_t as_number = 0;
};
/// Bounded in time, no errors; empty: nobody can say.
using Locate = std::function<Location(const std::string& address)>;

class EventWriter {
 public:
  explicit EventWriter(keys::KeyStore& keys, Locate locate = {}) : keys_(keys), locate_(std::move(locate)) {}

  /// `sequence` of its account. Nothing when the key is missing that would seal it: a user was erased meanwhile, or
  /// never had a key made. What the system itself writes without a personal value needs no key then: nothing is sealed.
  /// Throws std::runtime_error when the key store can't be read.
  std::optional<WrittenEvent> write(domain::NewEvent event, const domain::Context& context, std::uint64_t sequence);

 private:
  std::optional<keys::Key> sealing_key(const domain::NewEvent& event, domain::AccountId account);
  const Location& location_of(const domain::Context& context);

  keys::KeyStore& keys_;
  const Locate locate_;
  /// The last address and batch, since one command's events all have the same.
  std::string located_;
  domain::UnixMs located_at_ = 0;
  Location location_;
};

}  // namespace countersign::commands
