#include "adapters/messages/text_templates.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "adapters/directory/text_checks.h"
#include "adapters/messages/placeholders.h"

namespace countersign::messages {
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 3> of_text{"otp", "minutes", "account"};
constexpr std::array<std::string_view, 1> required_of_text{"otp"};
constexpr std::array<std::string_view, 2> of_subject{"minutes", "account"};

std::string text_flaw(std::string_view text) {
  if (text.empty()) return "a text is expected";
  if (!directory::is_utf8(text)) return "UTF-8 is expected";
  if (directory::count_characters(text) > most_template_characters) return "longer than 2000 characters";
  std::string without_lines(text);
  std::erase(without_lines, '\n');
  if (directory::has_control_character(without_lines)) return "control characters but \\n aren't allowed";
  return placeholder_flaw(text, {of_text, required_of_text});
}

std::string subject_flaw(std::string_view subject) {
  if (!directory::is_utf8(subject)) return "UTF-8 is expected";
  if (directory::count_characters(subject) > most_template_subject_characters) return "longer than 150 characters";
  if (directory::has_control_character(subject)) return "control characters aren't allowed";
  return placeholder_flaw(subject, {of_subject, {}});
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

const std::pair<const std::string, TextTemplate>& chosen(const TextTemplates& templates, std::string_view language) {
  auto tag = directory::to_lower_ascii(language);
  while (!tag.empty()) {
    if (const auto found = templates.languages.find(tag); found != templates.languages.end()) return *found;
    const auto last = tag.rfind('-');
    tag.resize(last == tag.npos ? 0 : last);
  }
  return *templates.languages.find(templates.default_language);
}

/// A member that is a string; else the flaw.
std::string read_text(const json::object& from, std::string_view name, const std::string& where, std::string& into) {
  const auto* value = from.if_contains(name);
  if (!value) return {};
  if (!value->is_string()) return where + std::string(name) + ": a text is expected";
  into = std::string(value->get_string());
  return {};
}

std::string unknown_name(const json::object& in, std::initializer_list<std::string_view> known) {
  constexpr std::size_t most_shown = 64;
  for (const auto& member : in) {
    if (std::ranges::find(known, std::string_view(member.key())) != known.end()) continue;
    return member.key().size() <= most_shown ? std::string(member.key()) : "such a name";
  }
  return {};
}

}  // namespace

bool is_language(std::string_view tag) {
  constexpr std::size_t most_bytes = 35;  // RFC 5646, section 4.4.1
  if (tag.empty() || tag.size() > most_bytes) return false;
  bool first = true;
  while (true) {
    const auto part = tag.substr(0, tag.find('-'));
    if (part.size() < 2 || part.size() > 8 || !std::ranges::all_of(part, is_alphanumeric)) return false;
    if (first && (part.size() > 3 || std::ranges::any_of(part, [](char c) { return c >= '0' && c <= '9'; })))
      return false;
    if (part.size() == tag.size()) return true;
    tag.remove_prefix(part.size() + 1);
    first = false;
  }
}

const TextTemplates& default_otp_templates() {
  static const TextTemplates templates{
      {{"de",
        {"Ihr Einmalpasswort für {{account}}",
         "{{otp}} ist Ihr Einmalpasswort für {{account}}. Es gilt {{minutes}} Minuten. Geben Sie es nicht weiter."}},
       {"en",
        {"Your one-time password for {{account}}",
         "{{otp}} is your one-time password for {{account}}. It is valid for {{minutes}} minutes. Don't share it."}}},
      "en"};
  return templates;
}

std::string otp_flaw_in(const TextTemplates& templates) {
  if (templates.languages.empty()) return "languages: one at least is expected";
  if (templates.languages.size() > most_languages) return "languages: at most 50 are expected";
  for (const auto& [tag, text] : templates.languages) {
    if (!is_language(tag) || directory::to_lower_ascii(tag) != tag)
      return "languages: a tag such as en or pt-br is expected for each";
    if (auto flaw = subject_flaw(text.subject); !flaw.empty())
      return std::string(tag).append(".subject: ").append(flaw);
    if (auto flaw = text_flaw(text.text); !flaw.empty()) return std::string(tag).append(".text: ").append(flaw);
  }
  if (!templates.languages.contains(templates.default_language))
    return "default_language: one of those in languages is expected";
  return {};
}

std::variant<TextTemplates, std::string> parse_otp_templates(const json::value& value) {
  if (!value.is_object()) return "an object with default_language and languages is expected";
  const auto& object = value.get_object();
  TextTemplates templates;
  if (auto name = unknown_name(object, {"default_language", "languages"}); !name.empty())
    return "there is no '" + name + "' in templates";
  if (auto flaw = read_text(object, "default_language", "", templates.default_language); !flaw.empty()) return flaw;
  templates.default_language = directory::to_lower_ascii(templates.default_language);
  const auto* languages = object.if_contains("languages");
  if (!languages || !languages->is_object()) return "languages: an object with a template for each is expected";
  for (const auto& member : languages->get_object()) {
    const auto tag = directory::to_lower_ascii(member.key());
    if (!is_language(tag)) return "languages: a tag such as en or pt-br is expected for each";
    if (templates.languages.contains(tag)) return "languages: " + tag + " is there twice";
    if (!member.value().is_object()) return tag + ": an object with subject and text is expected";
    const auto& fields = member.value().get_object();
    if (auto name = unknown_name(fields, {"subject", "text"}); !name.empty())
      return std::string(tag).append(": there is no '").append(name).append("' in a template");
    auto& text = templates.languages[tag];
    if (auto flaw = read_text(fields, "subject", tag + ".", text.subject); !flaw.empty()) return flaw;
    if (auto flaw = read_text(fields, "text", tag + ".", text.text); !flaw.empty()) return flaw;
  }
  if (auto flaw = otp_flaw_in(templates); !flaw.empty()) return flaw;
  return templates;
}

RenderedText render(const TextTemplates& templates, std::string_view language, const OtpValues& values) {
  const auto& [tag, text] = chosen(templates, language);
  const auto value_of = [&](std::string_view name) {
    if (name == "otp") return values.otp;
    return name == "minutes" ? std::to_string(values.minutes) : one_line(values.account);
  };
  return {tag, filled_in(text.subject, value_of), filled_in(text.text, value_of)};
}

}  // namespace countersign::messages
