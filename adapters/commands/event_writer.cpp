#include "adapters/commands/event_writer.h"

#include <stdexcept>

#include "adapters/keys/random.h"
#include "adapters/keys/sealing.h"

namespace countersign::commands {

using domain::PartyKind;

std::optional<keys::Key> EventWriter::sealing_key(const domain::NewEvent& event, domain::AccountId account) {
  if (domain::sealed_for_user(event.type, event.subject)) {
    const auto key = keys_.subject_key(account, domain::UserId{event.subject.id});
    if (key.has_error()) throw std::runtime_error("key store: " + key.error().message());
    return *key;
  }
  return keys_.account_key(account);
}

const Location& EventWriter::location_of(const domain::Context& context) {
  if (context.ip != located_ || context.now != located_at_) {
    location_ = locate_(context.ip);
    located_ = context.ip;
    located_at_ = context.now;
  }
  return location_;
}

std::optional<WrittenEvent> EventWriter::write(domain::NewEvent event, const domain::Context& context,
                                               std::uint64_t sequence) {
  const auto account = event.account ? event.account : context.account;
  event.personal.ip = context.ip;
  event.personal.user_agent = context.user_agent;
  domain::EventStamp stamp{.id = keys::random_id<domain::EventId>(context.now),
                           .account = account,
                           .sequence = sequence,
                           .time = context.now,
                           .actor = context.actor,
                           .role = context.role,
                           .correlation = context.correlation,
                           .ip = context.ip_digest};
  if (locate_ && !context.ip.empty()) {
    const auto& location = location_of(context);
    stamp.country = location.country;
    event.personal.city = location.city;
    event.personal.as_number = location.as_number;
    event.personal.as_organization = location.as_organization;
  }
  const auto scope_key = sealing_key(event, account);
  if (!scope_key) {
    // A sweep or a new epoch has nothing personal to say, and must not stop at somebody who has been erased.
    if (context.actor.kind != PartyKind::system || event.personal != domain::Personal{}) return std::nullopt;
    const auto clear = encode_clear(event, stamp);
    return WrittenEvent{domain::encode_event(clear, {}), bus::sha256(clear)};
  }
  const auto key = keys::event_key(*scope_key, stamp.id);
  stamp.commitment = keys::commitment_to(key);
  const auto clear = encode_clear(event, stamp);
  WrittenEvent written{.clear_hash = bus::sha256(clear)};
  std::string sealed;
  keys::seal(key, written.clear_hash, domain::encode_personal(event.personal), sealed);
  written.bytes = domain::encode_event(clear, sealed);
  return written;
}

}  // namespace countersign::commands
