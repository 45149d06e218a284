#pragma once
// An e-mail as it goes over the wire: header fields (RFC 5322, RFC 2047, RFC 6532) and a text in UTF-8 as
// quoted-printable (RFC 2045), so that it passes servers without 8BITMIME.
//
// Nothing of a message can become a header field of its own: control characters are refused before (flaw_in()).

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/messages/transport.h"

namespace countersign::messages {

struct MailAddress {
  std::string text;   ///< the local part as it was given, the domain as in DNS; empty: refused
  std::string error;  ///< why, without the address
  bool utf8 = false;  ///< its local part isn't ASCII: needs SMTPUTF8 (RFC 6531)
};
/// What adapters/directory takes as an address. Blanks around it are passed over.
MailAddress mail_address(std::string_view given);

struct MailSender {
  std::string address;   ///< From and MAIL FROM
  std::string name;      ///< shown beside it; may be empty
  std::string reply_to;  ///< empty: none
};

/// Lines end in CR LF, the last one too; dots aren't doubled. `message` must be without flaw, `to` an address;
/// `sent_at` is seconds since 1970. The Message-ID is <message.id@domain of the sender>.
std::string mail_text(const MailSender& sender, const Message& message, std::string_view to, std::int64_t sent_at);

/// With a dot before each dot that begins a line (RFC 5321, section 4.5.2).
std::string with_doubled_dots(std::string_view mail);

}  // namespace countersign::messages
