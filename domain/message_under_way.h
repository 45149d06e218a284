#pragma once
// What becomes of a challenge's message that is under way when something else ends its challenge.

#include <vector>

#include "domain/authenticator.h"

namespace countersign::domain {

/// It is undelivered: of one that is being sent nobody knows whether it arrives, another one isn't sent, for `reason`.
void give_up_message(const User& user, const Authenticator& authenticator, Reason reason,
                     std::vector<NewEvent>& events);

}  // namespace countersign::domain
