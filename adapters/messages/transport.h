#pragma once
// What carries a text to a person: e-mail by SMTP (smtp.h), SMS by a gateway's HTTP interface (sms.h).
//
// A transport tries once. Whether to try again is its caller's decision, and the four kinds of Result are made for it:
// a Later or Refused says that the message has certainly not been delivered by this attempt, an Unknown that it may
// have been. Who repeats after Unknown may send twice; who repeats after Later never does. In doubt it is Unknown.
//
// What is known when, on both ways:
//   not connected, no TLS, no login, a rejected step       nobody has the message           Later or Refused
//   its last byte has not been taken by our own system     the other side can't have it     Later
//   taken, no answer read (broken, too slow, stopped)      it may have it                   Unknown
//   an answer that was read                                what the answer says (smtp_reply.h, sms_gateway.h)
//
// Reasons are texts for an operator. The person's address, the text, secrets, and what the other side wrote in words
// (which may repeat any of these) are not in them.
//
// Concurrency: send() blocks; call it on a worker thread. It may be called on several threads at a time.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

namespace countersign::messages {

struct Message {
  /// The same for a repeat, so that the receiving side can notice it: the Message-ID of an e-mail, the reference of an
  /// SMS. 1 to 128 of A-Z a-z 0-9 _ and -.
  std::string id;
  std::string to;        ///< an e-mail address, or a number as E.164 has it ("+491512345678")
  std::string subject;   ///< of e-mail
  std::string text;      ///< UTF-8; lines end in \n
  std::string language;  ///< BCP 47, or empty
};

struct Accepted {
  std::string gateway_id;  ///< the other side's own name for the message; empty: it told none
};
/// Not delivered, and a repeat would be refused, too.
struct Refused {
  std::string reason;
};
/// Not delivered; a repeat may be accepted.
struct Later {
  std::string reason;
  std::optional<std::chrono::seconds> after;  ///< the other side asked for a pause
};
/// May have been delivered.
struct Unknown {
  std::string reason;
};
using Result = std::variant<Accepted, Refused, Later, Unknown>;

struct TransportLimits {
  std::chrono::milliseconds connect{10'000};  ///< name, connection, TLS and, with SMTP, the login
  std::chrono::milliseconds whole{60'000};    ///< all of it
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Ends within TransportLimits::whole (and what the system's resolver takes to give up), and soon after `stop`.
  /// Throws std::system_error when there are no descriptors left: then nothing has been sent.
  virtual Result send(const Message& message, std::stop_token stop) = 0;
};

inline constexpr std::size_t most_id_bytes = 128, most_text_bytes = 16 * 1024, most_subject_bytes = 512;

/// What no transport would carry: an id, subject or text that is too long, isn't UTF-8 or has control characters (a
/// text may have \n and \t). Empty when all is well. `to` is looked at by each transport itself.
std::string flaw_in(const Message& message);

}  // namespace countersign::messages
