#include "domain/seal.h"

#include <stdexcept>

namespace countersign::domain {

bool keeps_seal(EventType type) {
  switch (type) {
    case EventType::account_created:
    case EventType::api_key_created:
    case EventType::user_created:
    case EventType::user_updated:
    case EventType::registration_code_generated:
    case EventType::device_activated:
    case EventType::device_renamed:
    case EventType::session_started:
    case EventType::authenticator_enrolled:
    case EventType::authenticator_updated:
    case EventType::challenge_issued:
    case EventType::siem_destination_created:
    case EventType::siem_destination_updated: return true;
    default: return false;
  }
}

bool sealed_for_user(EventType type, const Party& subject) {
  if (subject.kind != PartyKind::user) return false;
  switch (type) {
    case EventType::user_erased:                           // the user's own key is about to be destroyed
    case EventType::registration_code_redemption_refused:  // who tried need not be the user
    case EventType::authenticator_verification_refused:
    case EventType::challenge_refused: return false;
    default: return true;
  }
}

Seal RecordedEvent::seal() const {
  if (clear_hash == Digest{}) throw std::logic_error("a type's seal is kept and keeps_seal() doesn't name it");
  return {event.id(), clear_hash, std::string(event.sealed())};
}

}  // namespace countersign::domain
