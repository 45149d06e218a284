#pragma once
// SMS by a gateway's HTTP interface (sms_gateway.h): one connection and one request a message.

#include <memory>

#include "adapters/messages/sms_gateway.h"
#include "adapters/messages/transport.h"
#include "adapters/push/egress.h"

namespace countersign::messages {

/// A text of more segments is refused.
inline constexpr std::size_t most_sms_segments = 10;

/// Throws std::invalid_argument for what flaw_in() finds.
std::unique_ptr<Transport> make_sms(SmsGateway gateway, push::EgressRules rules, const TransportLimits& limits);

}  // namespace countersign::messages
