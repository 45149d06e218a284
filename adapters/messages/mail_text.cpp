#include "adapters/messages/mail_text.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "adapters/directory/address.h"
#include "adapters/directory/text_checks.h"
#include "adapters/keys/rfc4648.h"

namespace countersign::messages {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::size_t most_line = 76;

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// The end of what fits into `most` bytes without cutting a character.
std::size_t cut_at_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return most;
}

/// RFC 2047: words of at most 75 characters, each on a line with room for a field's name.
std::string encoded_words(std::string_view text) {
  constexpr std::size_t most_bytes = 39;
  std::string words;
  while (!text.empty()) {
    const auto part = text.substr(0, cut_at_character(text, most_bytes));
    words.append(words.empty() ? "" : "\r\n ").append("=?UTF-8?B?").append(keys::base64(part)).append("?=");
    text.remove_prefix(part.size());
  }
  return words;
}

std::string unstructured(std::string_view text) {
  constexpr std::size_t most_plain = 60;
  if (is_printable_ascii(text) && text.size() <= most_plain && text.find("=?") == text.npos) return std::string(text);
  return encoded_words(text);
}

std::string mailbox(std::string_view name, std::string_view address) {
  if (name.empty()) return std::string(address);
  constexpr std::size_t most_plain = 60;
  std::string shown;
  if (is_printable_ascii(name) && name.size() <= most_plain) {
    for (const char c : name) {
      if (c == '"' || c == '\\') shown += '\\';
      shown += c;
    }
    shown = '"' + shown + '"';
  } else {
    shown = encoded_words(name);
  }
  return shown + "\r\n <" + std::string(address) + ">";
}

std::string date(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &utc)};
}

std::string quoted(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {'=', hex_digits[byte >> 4], hex_digits[byte & 15]};
}

std::string quoted_printable_line(std::string_view line) {
  std::string out;
  std::size_t width = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool last = at + 1 == line.size();
    const bool plain = (c >= '!' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !last);
    const auto piece = plain ? std::string(1, c) : quoted(c);
    if (width + piece.size() > most_line - 1) {
      out += "=\r\n";
      width = 0;
    }
    out += piece;
    width += piece.size();
  }
  return out + "\r\n";
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    out += quoted_printable_line(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return out;
}

}  // namespace

MailAddress mail_address(std::string_view given) {
  const auto normal = directory::normalise_address(given);
  if (!normal.ok) return {{}, std::string(directory::text_of(normal.error)), false};
  // The local part is the other side's: only it knows whether case matters there (RFC 5321, section 2.4).
  const auto as_given = directory::to_nfc(directory::trim(given)).value_or(normal.text);
  const auto local = as_given.substr(0, as_given.find('@'));
  return {local + normal.text.substr(normal.text.find('@')), {}, !directory::is_ascii(local)};
}

std::string mail_text(const MailSender& sender, const Message& message, std::string_view to, std::int64_t sent_at) {
  std::string mail = "From: " + mailbox(sender.name, sender.address) + "\r\n";
  mail.append("To: ").append(to).append("\r\n");
  if (!sender.reply_to.empty()) mail.append("Reply-To: ").append(sender.reply_to).append("\r\n");
  mail.append("Subject: ").append(unstructured(message.subject)).append("\r\n");
  mail.append("Date: ").append(date(sent_at)).append("\r\n");
  const auto domain = sender.address.substr(sender.address.find('@'));
  mail.append("Message-ID: <").append(message.id).append(domain).append(">\r\n");
  if (!message.language.empty()) mail.append("Content-Language: ").append(message.language).append("\r\n");
  mail +=
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n"
      "\r\n";
  return mail + quoted_printable(message.text);
}

std::string with_doubled_dots(std::string_view mail) {
  std::string out;
  bool at_begin = true;
  for (const char c : mail) {
    if (at_begin && c == '.') out += '.';
    out += c;
    at_begin = c == '\n';
  }
  return out;
}

}  // namespace countersign::messages
