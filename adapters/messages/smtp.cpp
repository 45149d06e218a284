#include "adapters/messages/smtp.h"

#include <stdexcept>

#include "adapters/directory/text_checks.h"
#include "adapters/messages/smtp_reply.h"
#include "adapters/push/carriers.h"

namespace countersign::messages {
namespace {

constexpr std::size_t most_name_characters = 100, most_user_bytes = 256, most_password_bytes = 1024;

std::uint16_t port_of(const SmtpServer& server) {
  if (server.port != 0) return server.port;
  if (server.tls == ConnectionTls::from_the_start) return 465;
  return server.tls == ConnectionTls::starttls ? 587 : 25;
}

bool is_one_line(std::string_view text) {
  return directory::is_utf8(text) && !directory::has_control_character(text);
}

std::string sender_flaw(const std::string& address) {
  const auto parsed = mail_address(address);
  if (!parsed.error.empty()) return parsed.error;
  return parsed.utf8 ? "letters beyond ASCII before the @ would need SMTPUTF8 everywhere" : "";
}

class Smtp : public Transport {
 public:
  Smtp(SmtpServer server, push::EgressRules rules, const TransportLimits& limits, std::function<std::int64_t()> now)
      : server_(std::move(server)), rules_(std::move(rules)), limits_(limits), now_(std::move(now)) {}

  Result send(const Message& message, std::stop_token stop) override {
    if (auto flaw = messages::flaw_in(message); !flaw.empty()) return Refused{std::move(flaw)};
    if (message.subject.empty()) return Refused{"an e-mail needs a subject"};
    const auto to = mail_address(message.to);
    if (!to.error.empty()) return Refused{"the address is refused: " + to.error};
    Connection connection(rules_, limits_, std::move(stop));
    if (auto error = connection.open(target()); !error.empty()) return Later{std::move(error), {}};
    return converse(connection, message, to);
  }

 private:
  ConnectionTarget target() const {
    return {.smtp = true,
            .host = server_.host,
            .port = port_of(server_),
            .tls = server_.tls,
            .authorities = server_.authorities,
            .ehlo_name = server_.ehlo_name,
            .user = server_.user,
            .password = server_.password};
  }

  Result converse(Connection& connection, const Message& message, const MailAddress& to) const {
    if (to.utf8 && !connection.offers("SMTPUTF8")) {
      say_goodbye(connection);
      return Refused{"the address has letters beyond ASCII before the @, and the server doesn't offer SMTPUTF8"};
    }
    const auto mail = with_doubled_dots(mail_text(server_.sender, message, to.text, now_()));
    // The mark of the end goes alone and last: as long as the system hasn't taken it, the server can't have the
    // message.
    const std::string from = "MAIL FROM:<" + server_.sender.address + (to.utf8 ? "> SMTPUTF8\r\n" : ">\r\n");
    if (auto ended = step(connection, SmtpStep::mail_from, from)) return *ended;
    if (auto ended = step(connection, SmtpStep::recipient, "RCPT TO:<" + to.text + ">\r\n")) return *ended;
    if (auto ended = step(connection, SmtpStep::data, "DATA\r\n")) return *ended;
    if (auto error = connection.write(mail); !error.empty()) return Later{std::move(error), {}};
    return step(connection, SmtpStep::end_of_data, ".\r\n").value();
  }

  /// The step's outcome; nothing: it goes on.
  static std::optional<Result> step(Connection& connection, SmtpStep step, std::string_view command) {
    if (auto error = connection.write(command); !error.empty()) return Later{std::move(error), {}};
    SmtpReplyReader reader;
    while (true) {
      auto got = connection.read_some();
      if (!got.error.empty()) return without_reply(step, got.error);
      switch (reader.feed(got.bytes)) {
        case SmtpReplyReader::State::incomplete: continue;
        case SmtpReplyReader::State::broken: return without_reply(step, "what the server answers is no SMTP");
        case SmtpReplyReader::State::complete: {
          auto outcome = outcome_of(step, reader.reply());
          if (outcome) say_goodbye(connection);
          return outcome;
        }
      }
    }
  }

  /// Servers drop what they are about when the other side just closes, so the answer is waited for, a little: whatever
  /// it is, the outcome is known.
  static void say_goodbye(Connection& connection) {
    connection.hurry(std::chrono::seconds(1));
    if (connection.write("QUIT\r\n").empty()) connection.read_some();
  }

  const SmtpServer server_;
  const push::EgressRules rules_;
  const TransportLimits limits_;
  const std::function<std::int64_t()> now_;
};

}  // namespace

SmtpFlaw flaw_in(const SmtpServer& server) {
  if (!push::is_host(server.host)) return {"host", "a host's name or address is expected"};
  if (server.tls == ConnectionTls::none && !push::is_loopback(server.host))
    return {"tls", "none is for this machine only; starttls or tls is expected"};
  if (server.user.empty() != server.password.empty()) return {"user", "a user and a password go together"};
  if (server.user.size() > most_user_bytes || !is_one_line(server.user))
    return {"user", "at most 256 bytes without control characters are expected"};
  if (server.password.size() > most_password_bytes || !is_one_line(server.password))
    return {"password", "at most 1024 bytes without control characters are expected"};
  if (!push::is_host(server.ehlo_name) || push::is_address(server.ehlo_name))
    return {"ehlo_name", "this machine's name is expected, such as countersign.example.com"};
  if (auto flaw = sender_flaw(server.sender.address); !flaw.empty()) return {"from", std::move(flaw)};
  if (!is_one_line(server.sender.name) || directory::count_characters(server.sender.name) > most_name_characters)
    return {"from_name", "at most 100 characters without control characters are expected"};
  if (server.sender.reply_to.empty()) return {};
  if (auto flaw = sender_flaw(server.sender.reply_to); !flaw.empty()) return {"reply_to", std::move(flaw)};
  return {};
}

std::unique_ptr<Transport> make_smtp(SmtpServer server, push::EgressRules rules, const TransportLimits& limits,
                                     std::function<std::int64_t()> now) {
  if (auto flaw = flaw_in(server); !flaw.field.empty()) throw std::invalid_argument(flaw.field + ": " + flaw.text);
  server.sender.address = mail_address(server.sender.address).text;
  if (!server.sender.reply_to.empty()) server.sender.reply_to = mail_address(server.sender.reply_to).text;
  return std::make_unique<Smtp>(std::move(server), std::move(rules), limits, std::move(now));
}

}  // namespace countersign::messages
