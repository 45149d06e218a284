#pragma once
// What a mail server answers (RFC 5321), and what is known after each answer. Pure.
//
//   step                 2xx/354             4xx      5xx
//   before MAIL          goes on             Later    Later: it is about us or the server, not about this message
//   MAIL FROM, RCPT TO   goes on             Later    Refused
//   DATA                 354 goes on         Later    Refused
//   end of the data      Accepted            Later    Refused
//
// 421 is Later everywhere, and so are 530, 534, 535 and 538, which ask for a login (RFC 4954). What a server says at
// the end of the data is its word on the whole message (RFC 5321, section 4.2.5): with 4xx and 5xx it hasn't taken it.
// What isn't a reply at all is Later before the end of the data and Unknown after it.

#include <optional>
#include <string>
#include <string_view>

#include "adapters/messages/transport.h"

namespace countersign::messages {

struct SmtpReply {
  unsigned code = 0;
  std::string enhanced;  ///< "5.1.1" (RFC 2034); empty: none
  std::string text;      ///< of the last line, without codes; not for reasons
};

/// Collects the lines of a reply: of 2,000 bytes at most, 100 at most.
class SmtpReplyReader {
 public:
  enum class State { incomplete, complete, broken };
  State feed(std::string_view bytes);
  /// Once complete. What comes after it belongs to nobody.
  const SmtpReply& reply() const { return reply_; }

 private:
  State take_line(std::string_view line);
  std::string buffered_;
  std::size_t lines_ = 0;
  SmtpReply reply_;
};

enum class SmtpStep { mail_from, recipient, data, end_of_data };

/// Nothing: the dialogue goes on.
std::optional<Result> outcome_of(SmtpStep step, const SmtpReply& reply);
/// The connection broke, or what came is no reply, after this step's command was sent.
Result without_reply(SmtpStep step, const std::string& why);

/// "4F1A2B" from "Ok: queued as 4F1A2B" (Postfix) or "OK id=1a2b-3c" (Exim); else empty.
std::string queue_id_in(std::string_view text);

}  // namespace countersign::messages
