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

Seal RecordedEvent::seal() const {
  if (clear_hash == Digest{}) throw std::logic_error("a type's seal is kept and keeps_seal() doesn't name it");
  return {event.id(), clear_hash, std::string(event.sealed())};
}

}  // namespace countersign::domain
