#pragma once
// An event's line as a syslog message (RFC 5424), alone in a datagram (RFC 5426) or counted in a stream (RFC 5425,
// section 4.3; over plain TCP RFC 6587, section 3.4.1).
//
//   <PRI>1 TIME HOST countersign - TYPE [origin software="Countersign"][meta sequenceId="SEQUENCE"] LINE
//
// PRI has facility 13 (log audit). TYPE is the event's type, cut to the 32 characters that a MSGID may have; the
// event's id stands in the line, in every format. sequenceId is the event's sequence, and after 2,147,483,647 begins
// with 1 again. There is no byte order mark before the line: receivers take it for part of the text.

#include <string>

#include "adapters/push/transport.h"

namespace countersign::push {

/// `host`: the name in the message's header, 255 printable ASCII characters at most; others are left out.
std::string syslog_message(const Message& message, std::string_view host, std::size_t most_line_bytes);
/// "LENGTH SP MESSAGE".
void append_counted(std::string& to, std::string_view message);

}  // namespace countersign::push
