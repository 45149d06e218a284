#include "adapters/messages/sms_gateway.h"

#include "adapters/messages/sms_shapes.h"

namespace countersign::messages {
namespace {

std::string answered(const GatewayAnswer& answer, const std::string& detail) {
  return "answered " + std::to_string(answer.status) + detail;
}

/// Of what isn't 2xx.
Result outcome_by_status(const GatewayAnswer& answer, const std::string& detail) {
  switch (answer.status) {
    case 307:
    case 308: return Later{answered(answer, detail) + "; redirects are not followed", {}};
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 408:
    case 425:
    case 429:
    case 503: return Later{answered(answer, detail), answer.retry_after};
    case 409: return Unknown{answered(answer, detail)};
    case 501:
    case 505: return Refused{answered(answer, detail)};
    default: break;
  }
  if (answer.status / 100 == 4) return Refused{answered(answer, detail)};
  return Unknown{answered(answer, detail)};
}

}  // namespace

HttpRequest request_of(const SmsGateway& gateway, const Message& message) {
  switch (gateway.shape) {
    case SmsShape::twilio: return twilio_request(gateway, message);
    case SmsShape::kannel: return kannel_request(gateway, message);
    case SmsShape::json: return json_request(gateway, message);
  }
  throw std::logic_error("a gateway without a shape");
}

Result outcome_of(const SmsGateway& gateway, const GatewayAnswer& answer) {
  UnderstoodAnswer understood;
  switch (gateway.shape) {
    case SmsShape::twilio: understood = twilio_answer(answer.body); break;
    case SmsShape::kannel: understood = kannel_answer(answer.body); break;
    case SmsShape::json: understood = json_answer(gateway, answer.body); break;
  }
  if (answer.status / 100 == 2) {
    if (understood.accepted) return Accepted{std::move(understood.id)};
    return Unknown{answered(answer, ", but not in the way of a gateway that accepts")};
  }
  if (understood.refused) return Refused{answered(answer, understood.detail)};
  return outcome_by_status(answer, understood.detail);
}

}  // namespace countersign::messages
