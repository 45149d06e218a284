#pragma once
// What is said to an SMS gateway over HTTP, and what its answer means. Pure: requests and answers as values. Three
// shapes:
//
//   twilio  form to /2010-04-01/Accounts/<SID>/Messages.json, basic authentication; the answer has "sid"
//   kannel  sendsms of Kannel's smsbox, by GET or POST; answers "0: Accepted for delivery", "3: Queued for later
//   delivery" json    a body made from a template; where the answer has the message's id is a setting
//
// What an answer's status says, unless a shape knows better:
//
//   2xx                                  Accepted when the answer is understood, else Unknown
//   307, 308                             Later: nothing was done, and redirects aren't followed
//   401, 403, 404, 405, 407              Later: it is about us, not about this message
//   408, 425, 429, 503                   Later: it wasn't worked on (RFC 9110, RFC 6585, RFC 8470)
//   409                                  Unknown: the gateway may know the reference from an attempt before
//   other 4xx, 501, 505                  Refused
//   everything else                      Unknown: a 500 may come after the message has gone, a 502 or 504 is a proxy's
//                                        that heard nothing itself

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/messages/http_exchange.h"
#include "adapters/messages/transport.h"

namespace countersign::messages {

enum class SmsShape { twilio, kannel, json };

struct SmsGateway {
  SmsShape shape = SmsShape::json;
  std::string url;             ///< https://..., or http://... to loopback only; of Twilio without the path
  std::string authorities;     ///< PEM; empty: the system's
  std::string from;            ///< the sender shown; of Twilio a number or a messaging service (MG...)
  std::string user, password;  ///< of Twilio the account's SID and its token, of Kannel username and password
  /// Where the gateway is to report deliveries, with {{reference}} in it for the message's id. Empty: nowhere. Kannel
  /// puts the report's type where %d is. Of twilio and kannel; a json template has its own.
  std::string report_url;
  std::string report_secret;    ///< what gateways show when they report: {{secret}} in report_url
  bool post = false;            ///< of Kannel: fields of the header instead of the query
  unsigned report_mask = 3;     ///< of Kannel: the sum of the reports wanted, 1 delivered, 2 not, 4, 8 and 16 underway
  std::string method = "POST";  ///< of json: or PUT
  /// Of json: strings may have {{to}} (+4915...), {{to_digits}} (4915...), {{from}}, {{text}}, {{reference}}.
  boost::json::value body;
  std::vector<std::pair<std::string, std::string>> secret_fields;  ///< of json: header fields, such as Authorization
  std::string id_at;  ///< of json: JSON pointer (RFC 6901) to the message's id in the answer; empty: there is none
};

struct SmsFlaw {
  std::string field, text;
};
/// Empty field: nothing.
SmsFlaw flaw_in(const SmsGateway& gateway);

/// `message` must be without flaw, its number a normal one, and `gateway` without flaw.
HttpRequest request_of(const SmsGateway& gateway, const Message& message);
Result outcome_of(const SmsGateway& gateway, const GatewayAnswer& answer);

}  // namespace countersign::messages
