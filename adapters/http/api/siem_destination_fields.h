#pragma once
// SIEM destinations as requests describe them, read and checked: field by field, then as a whole (what push::flaw_in
// finds), then by the rules about where the server may connect to.

#include "adapters/exports/beginning.h"
#include "adapters/exports/receiver.h"
#include "adapters/http/api/fields.h"
#include "adapters/keys/lookup.h"
#include "bus/log_identity.h"

namespace countersign::http {

struct WantedDestination {
  domain::SiemDestinationTraits traits;
  domain::SiemConfiguration configuration;
  exports::ReceiverSecrets secrets;
  bool new_secrets = false;  ///< they aren't those that it had
};

/// Name and protocol, which only a new one has to give.
void read_new_destination(Fields& fields, WantedDestination& wanted);
/// What the body names is taken over; what it leaves out stays, null takes away.
void read_destination(Fields& fields, WantedDestination& wanted, const keys::Lookup& lookup);
/// After all fields were good: 422 for what can't be a receiver, or can't be reached from here.
std::optional<Problem> refuse_receiver(const WantedDestination& wanted, const push::EgressRules& egress);
/// Fills in the digest of all that is sealed.
void seal_content(WantedDestination& wanted, const keys::Lookup& lookup, domain::AccountId account);

/// `from`: "beginning", "now", a time, a position of this log, or an event's sequence. Nothing when it isn't there.
std::optional<exports::Beginning> read_beginning(Fields& fields, const bus::LogIdentity& log);

}  // namespace countersign::http
