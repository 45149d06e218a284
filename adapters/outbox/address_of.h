#pragma once
// Where messages for an authenticator go: the number or e-mail address that its profile has.

#include <string>

#include "domain/authenticator.h"

namespace countersign::outbox {

/// Empty: it has none for this channel.
const std::string& address_of(const domain::Personal& profile, domain::Channel channel);

/// "ad***@example.com": the first characters of the local part, stars for the rest, and the domain.
std::string masked_address(std::string_view address);

}  // namespace countersign::outbox
