#include "domain/seal.h"

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
    case EventType::session_started: return true;
    default: return false;
  }
}

}  // namespace countersign::domain
