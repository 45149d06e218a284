#include "adapters/messages/transport.h"

#include <algorithm>

#include "adapters/directory/text_checks.h"
#include "adapters/messages/text_templates.h"

namespace countersign::messages {
namespace {

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool has_unwanted_control_character(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, [](char c) { return c == '\n' || c == '\t'; });
  return directory::has_control_character(rest);
}

}  // namespace

std::string flaw_in(const Message& message) {
  if (message.id.empty() || message.id.size() > most_id_bytes || !std::ranges::all_of(message.id, is_id_character))
    return "the id isn't 1 to 128 of A-Z a-z 0-9 _ and -";
  if (message.subject.size() > most_subject_bytes) return "the subject is longer than 512 bytes";
  if (!directory::is_utf8(message.subject)) return "the subject isn't UTF-8";
  if (directory::has_control_character(message.subject)) return "the subject has a control character";
  if (message.text.empty()) return "the text is empty";
  if (message.text.size() > most_text_bytes) return "the text is longer than 16 KiB";
  if (!directory::is_utf8(message.text)) return "the text isn't UTF-8";
  if (has_unwanted_control_character(message.text)) return "the text has a control character";
  if (!message.language.empty() && !is_language(message.language)) return "the language is no tag of BCP 47";
  return {};
}

}  // namespace countersign::messages
