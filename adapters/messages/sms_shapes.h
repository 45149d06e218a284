#pragma once
// The three shapes of sms_gateway.h, each in a file of its own: what a request is, and what of an answer's body counts.

#include <string>
#include <string_view>

#include "adapters/messages/sms_gateway.h"

namespace countersign::messages {

struct UnderstoodAnswer {
  bool accepted = false;  ///< with 2xx: it is what a gateway says that accepts
  bool refused = false;   ///< with another status: the body says that a repeat is useless
  std::string id;         ///< of the message
  std::string detail;     ///< for a reason, such as ", code 21211"; never the body's words
};

HttpRequest twilio_request(const SmsGateway& gateway, const Message& message);
UnderstoodAnswer twilio_answer(std::string_view body);
HttpRequest kannel_request(const SmsGateway& gateway, const Message& message);
UnderstoodAnswer kannel_answer(std::string_view body);
HttpRequest json_request(const SmsGateway& gateway, const Message& message);
UnderstoodAnswer json_answer(const SmsGateway& gateway, std::string_view body);

/// Pairs as application/x-www-form-urlencoded.
std::string form_of(const std::vector<std::pair<std::string_view, std::string>>& fields);
/// The report's address with the message's id in it.
std::string report_url_for(const SmsGateway& gateway, const Message& message);
/// The path and query of the gateway's URL.
std::string target_of(const SmsGateway& gateway);
/// What a gateway may call a message: 1 to 128 printable characters of ASCII without blanks; else empty.
std::string id_in(const boost::json::value* value);

}  // namespace countersign::messages
