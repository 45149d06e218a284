#include "adapters/push/syslog_message.h"

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/line_text.h"

namespace countersign::push {
namespace {

constexpr unsigned facility = 13;
constexpr std::uint64_t last_sequence_id = 2'147'483'647;
constexpr std::size_t most_host = 255, most_message_id = 32;

/// Printable ASCII without blanks, or "-" for none: a header's field.
std::string field(std::string_view text, std::size_t most) {
  std::string printable;
  for (const char c : text)
    if (c > ' ' && c < 0x7f && printable.size() < most) printable.push_back(c);
  return printable.empty() ? "-" : printable;
}

}  // namespace

std::string syslog_message(const Message& message, std::string_view host, std::size_t most_line_bytes) {
  std::string text = "<" + std::to_string(facility * 8 + message.syslog_severity) + ">1 ";
  text.append(queries::rfc3339(message.time)).append(1, ' ');
  text.append(field(host, most_host)).append(" countersign - ").append(field(message.type, most_message_id));
  text.append(" [origin software=\"Countersign\"]");
  if (message.sequence > 0) {
    const auto id = (message.sequence - 1) % last_sequence_id + 1;
    text.append("[meta sequenceId=\"").append(std::to_string(id)).append("\"]");
  }
  return text.append(1, ' ').append(siem::cut(message.line, most_line_bytes));
}

void append_counted(std::string& to, std::string_view message) {
  to.append(std::to_string(message.size())).append(1, ' ').append(message);
}

}  // namespace countersign::push
