#pragma once
// E-mail by SMTP submission (RFC 5321, RFC 6409): one connection, one message, one recipient. STARTTLS or TLS from the
// start, AUTH PLAIN or LOGIN, SMTPUTF8 when the recipient's local part needs it. What is known after each step stands
// in smtp_reply.h.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "adapters/messages/connection.h"
#include "adapters/messages/mail_text.h"
#include "adapters/messages/transport.h"
#include "adapters/push/egress.h"

namespace countersign::messages {

struct SmtpServer {
  std::string host;
  std::uint16_t port = 0;  ///< 0: 587 with STARTTLS, 465 with TLS from the start, 25 else
  ConnectionTls tls = ConnectionTls::starttls;
  std::string authorities;     ///< PEM; empty: the system's
  std::string user, password;  ///< empty: no login
  std::string ehlo_name;       ///< this machine's name, such as "countersign.example.com"
  MailSender sender;
};

struct SmtpFlaw {
  std::string field, text;
};
/// What is wrong with it without a connection, by the name of the field. Empty field: nothing.
SmtpFlaw flaw_in(const SmtpServer& server);

/// `now` gives seconds since 1970. Throws std::invalid_argument for what flaw_in() finds.
std::unique_ptr<Transport> make_smtp(SmtpServer server, push::EgressRules rules, const TransportLimits& limits,
                                     std::function<std::int64_t()> now);

}  // namespace countersign::messages
