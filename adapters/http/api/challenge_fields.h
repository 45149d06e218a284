#pragma once
// What authenticators that answer challenges have beyond others: a number, an e-mail address, an OCRA suite, and their
// newest challenge. Numbers and addresses are personal, and shown masked.

#include <boost/json.hpp>

#include "adapters/http/api/fields.h"
#include "adapters/http/api/reads.h"
#include "adapters/messages/phone_number.h"
#include "adapters/outbox/outbox.h"

namespace countersign::http {

/// What is known of the ways messages go.
struct MessageWays {
  outbox::Outbox& outbox;
  messages::NumberPlan numbers;
};

/// Reads "phone" and "email" into `texts`, where the type has them; null empties.
void read_addresses(Fields& fields, domain::AuthenticatorType type, const MessageWays& ways, domain::Personal& texts);
/// Reads "suite", from which algorithm and digits follow.
void read_suite(Fields& fields, domain::AuthenticatorSettings& settings);

/// The user's own addresses, where none are given: the e-mail address, and an attribute "phone".
void default_addresses(const domain::Personal& user, domain::AuthenticatorType type, const MessageWays& ways,
                       domain::Personal& texts);
/// Those of an authenticator that another one replaces, where none are given.
void carry_addresses(const domain::Personal& former, domain::AuthenticatorType type, domain::Personal& texts);
/// Why an authenticator of this type with these addresses could never be asked; nothing: it can.
std::optional<Problem> unreachable(domain::AuthenticatorType type, const MessageWays& ways,
                                   const domain::Personal& texts);
/// No way to send such messages is configured.
Problem delivery_not_configured(domain::Channel channel);

/// "phone", "email", "suite", "challenge": null where there is nothing.
void put_challenge(boost::json::object& out, const domain::Authenticator& authenticator, const domain::Personal& texts,
                   domain::UnixMs now);

}  // namespace countersign::http
