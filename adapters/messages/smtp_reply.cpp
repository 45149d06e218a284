#include "adapters/messages/smtp_reply.h"

#include <algorithm>

namespace countersign::messages {
namespace {

constexpr std::size_t most_line_bytes = 2000, most_lines = 100, most_queue_id = 128;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "5.1.1", three numbers of at most three digits (RFC 3463), at the begin of the text; else empty.
std::string enhanced_in(std::string_view text) {
  const auto word = text.substr(0, text.find(' '));
  std::size_t dots = 0, digits = 0;
  for (const char c : word) {
    if (c == '.' && digits > 0) {
      ++dots;
      digits = 0;
    } else if (is_digit(c) && digits < 3) {
      ++digits;
    } else {
      return {};
    }
  }
  return dots == 2 && digits > 0 ? std::string(word) : std::string();
}

std::string_view name_of(SmtpStep step) {
  switch (step) {
    case SmtpStep::mail_from: return "MAIL FROM";
    case SmtpStep::recipient: return "RCPT TO";
    case SmtpStep::data: return "DATA";
    case SmtpStep::end_of_data: return "the message";
  }
  return "";
}

bool asks_for_login(unsigned code) {
  return code == 530 || code == 534 || code == 535 || code == 538;
}

}  // namespace

SmtpReplyReader::State SmtpReplyReader::feed(std::string_view bytes) {
  buffered_.append(bytes);
  for (auto end = buffered_.find('\n'); end != buffered_.npos; end = buffered_.find('\n')) {
    std::string_view line(buffered_.data(), end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto state = take_line(line);
    buffered_.erase(0, end + 1);
    if (state != State::incomplete) return state;
  }
  // One more for the CR of a line that is as long as may be.
  return buffered_.size() > most_line_bytes + 1 ? State::broken : State::incomplete;
}

SmtpReplyReader::State SmtpReplyReader::take_line(std::string_view line) {
  if (line.size() < 3 || line.size() > most_line_bytes || ++lines_ > most_lines) return State::broken;
  if (!std::ranges::all_of(line.substr(0, 3), is_digit) || line[0] < '2' || line[0] > '5') return State::broken;
  const auto code = static_cast<unsigned>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  if (lines_ > 1 && code != reply_.code) return State::broken;
  const char mark = line.size() > 3 ? line[3] : ' ';
  if (mark != ' ' && mark != '-') return State::broken;
  reply_.code = code;
  auto text = line.substr(std::min<std::size_t>(line.size(), 4));
  reply_.enhanced = enhanced_in(text);
  if (!reply_.enhanced.empty()) text.remove_prefix(std::min(text.size(), reply_.enhanced.size() + 1));
  reply_.text = text;
  return mark == ' ' ? State::complete : State::incomplete;
}

std::optional<Result> outcome_of(SmtpStep step, const SmtpReply& reply) {
  const bool ends = step == SmtpStep::end_of_data;
  const unsigned kind = reply.code / 100;
  if (ends && kind == 2) return Accepted{queue_id_in(reply.text)};
  if (step == SmtpStep::data ? reply.code == 354 : !ends && kind == 2) return std::nullopt;
  auto reason = std::string(name_of(step)) + " was answered " + std::to_string(reply.code);
  if (!reply.enhanced.empty()) reason.append(" ").append(reply.enhanced);
  if (kind == 4 || asks_for_login(reply.code)) return Later{reason, {}};
  if (kind == 5) return Refused{reason};
  return without_reply(step, reason + ", which is no answer to it");
}

Result without_reply(SmtpStep step, const std::string& why) {
  if (step == SmtpStep::end_of_data) return Unknown{why};
  return Later{why, {}};
}

std::string queue_id_in(std::string_view text) {
  const auto is_id = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  };
  for (const std::string_view mark : {"queued as ", "id="}) {
    const auto at = text.find(mark);
    if (at == text.npos) continue;
    const auto rest = text.substr(at + mark.size());
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_id) - rest.begin());
    if (end > 0 && end <= most_queue_id) return std::string(rest.substr(0, end));
  }
  return {};
}

}  // namespace countersign::messages
