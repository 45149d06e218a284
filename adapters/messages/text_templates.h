#pragma once
// What messages say, in several languages: texts with placeholders that are checked when they are set.
//
// A subject mustn't have {{otp}}: mail servers write subjects into their logs.

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace countersign::messages {

struct TextTemplate {
  std::string subject;  ///< of e-mail; empty: for SMS only
  std::string text;
};

struct TextTemplates {
  std::map<std::string, TextTemplate> languages;  ///< by tag (BCP 47), in lower case
  std::string default_language;
};

inline constexpr std::size_t most_languages = 50, most_template_characters = 2000,
                             most_template_subject_characters = 150;

/// "en", "pt-br", "zh-hant-tw": letters and digits in parts of 2 to 8, the first of letters; in any case.
bool is_language(std::string_view tag);

/// Built in: English and German, English by default.
const TextTemplates& default_otp_templates();

/// Empty, or what is wrong and where: "de.text: character 17: there is no {{code}}; known are ...". Texts must have
/// {{otp}} and may have {{minutes}} and {{account}}, subjects the latter two.
std::string otp_flaw_in(const TextTemplates& templates);

/// From {"default_language": "en", "languages": {"en": {"subject": "...", "text": "..."}}}; tags are put in lower case.
/// Or the flaw, as above; a name that isn't known is one.
std::variant<TextTemplates, std::string> parse_otp_templates(const boost::json::value& value);

struct OtpValues {
  std::string otp;
  std::uint32_t minutes = 0;
  std::string account;  ///< control characters become blanks
};

struct RenderedText {
  std::string language, subject, text;
};
/// In `language`, or else in what its tag begins with ("de" for "de-AT"), or else in the default. The templates must
/// have passed otp_flaw_in().
RenderedText render(const TextTemplates& templates, std::string_view language, const OtpValues& values);

}  // namespace countersign::messages
