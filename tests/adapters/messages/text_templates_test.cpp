#include "adapters/messages/text_templates.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "adapters/messages/placeholders.h"
#include "adapters/messages/sms_segments.h"

namespace countersign::messages {
namespace {

const OtpValues values{"123456", 5, "Große Firma"};

std::string flaw_of(const std::string& json) {
  const auto parsed = parse_otp_templates(boost::json::parse(json));
  const auto* flaw = std::get_if<std::string>(&parsed);
  return flaw ? *flaw : "";
}

TextTemplates parsed(const std::string& json) {
  return std::get<TextTemplates>(parse_otp_templates(boost::json::parse(json)));
}

TEST(Placeholders, ValuesAreNotLookedAtAgain) {
  const auto filled = filled_in("{{a}}-{{b}}-{c}-}}", [](std::string_view name) {
    return name == "a" ? std::string("{{b}}") : std::string("2");
  });
  EXPECT_EQ(filled, "{{b}}-2-{c}-}}");
}

TEST(Templates, BuiltInOnesAreWithoutFlawAndOneSegmentLong) {
  EXPECT_EQ(otp_flaw_in(default_otp_templates()), "");
  for (const auto& [language, text] : default_otp_templates().languages) {
    const auto rendered = render(default_otp_templates(), language, values);
    EXPECT_EQ(sms_size(rendered.text).segments, 1U) << rendered.text;
    EXPECT_EQ(rendered.text.find("{{"), std::string::npos);
    EXPECT_EQ(rendered.subject.find("123456"), std::string::npos);
  }
}

TEST(Templates, AreChosenByLanguage) {
  const auto templates = parsed(R"({"default_language": "EN", "languages": {
      "en": {"text": "en {{otp}}"}, "de": {"text": "de {{otp}}"}, "pt-BR": {"text": "br {{otp}}"}, "pt": {"text": "pt {{otp}}"}}})");
  const struct {
    const char *asked, *got;
  } rows[] = {{"de", "de"},      {"DE-at", "de"}, {"pt-br", "pt-br"}, {"pt-PT", "pt"}, {"pt-BR-x1", "pt-br"},
              {"zh-Hant", "en"}, {"", "en"},      {"d", "en"},        {"-", "en"},     {"de-", "de"}};
  for (const auto& row : rows) EXPECT_EQ(render(templates, row.asked, values).language, row.got) << row.asked;
}

TEST(Templates, AreFilledIn) {
  const auto templates = parsed(R"({"default_language": "en", "languages": {"en": {
      "subject": "For {{account}}, {{minutes}} minutes", "text": "{{otp}}\n{{otp}} {{minutes}} {{account}}"}}})");
  const auto rendered = render(templates, "en", values);
  EXPECT_EQ(rendered.subject, "For Große Firma, 5 minutes");
  EXPECT_EQ(rendered.text, "123456\n123456 5 Große Firma");
  EXPECT_EQ(render(templates, "en", {"1", 1, "a\r\nBcc: b"}).subject, "For a  Bcc: b, 1 minutes");
}

TEST(Templates, WhatIsWrongIsSaidWithItsPlace) {
  const auto with_text = [](const std::string& text) {
    return R"({"default_language": "en", "languages": {"en": {"text": ")" + text + R"("}}})";
  };
  const auto with_subject = [](const std::string& subject) {
    return R"({"default_language": "en", "languages": {"en": {"text": "{{otp}}", "subject": ")" + subject + R"("}}})";
  };
  const struct {
    std::string json, flaw;
  } rows[] = {
      {with_text("{{otp}}"), ""},
      {with_text("Größe: {{code}} {{otp}}"),
       "en.text: character 8: there is no {{code}}; known are {{otp}}, {{minutes}}, {{account}}"},
      {with_text("{{ otp }} {{otp}}"),
       "en.text: character 1: there is no {{ otp }}; known are {{otp}}, {{minutes}}, {{account}}"},
      {with_text("{{otp}} {{minutes"), "en.text: character 9: }} is missing"},
      {with_text("{{minutes}}"), "en.text: {{otp}} is missing"},
      {with_text("{otp}"), "en.text: {{otp}} is missing"},
      {with_text(""), "en.text: a text is expected"},
      {with_text("{{otp}}" + std::string(1993, 'x')), ""},
      {with_text("{{otp}}" + std::string(1994, 'x')), "en.text: longer than 2000 characters"},
      {with_text("{{otp}}\\u0007"), "en.text: control characters but \\n aren't allowed"},
      {with_text("{{otp}}\\r\\n"), "en.text: control characters but \\n aren't allowed"},
      {with_subject("{{minutes}} {{account}}"), ""},
      {with_subject("{{otp}}"), "en.subject: character 1: there is no {{otp}}; known are {{minutes}}, {{account}}"},
      {with_subject("a\\nBcc: b"), "en.subject: control characters aren't allowed"},
      {with_subject(std::string(151, 'x')), "en.subject: longer than 150 characters"},
      {"[]", "an object with default_language and languages is expected"},
      {"{}", "languages: an object with a template for each is expected"},
      {R"({"languages": {}})", "languages: one at least is expected"},
      {R"({"default": "en", "languages": {}})", "there is no 'default' in templates"},
      {R"({"default_language": 1, "languages": {}})", "default_language: a text is expected"},
      {R"({"default_language": "de", "languages": {"en": {"text": "{{otp}}"}}})",
       "default_language: one of those in languages is expected"},
      {R"({"default_language": "en", "languages": {"english": {"text": "{{otp}}"}}})",
       "languages: a tag such as en or pt-br is expected for each"},
      {R"({"default_language": "en", "languages": {"en": {"text": "{{otp}}"}, "EN": {"text": "{{otp}}"}}})",
       "languages: en is there twice"},
      {R"({"default_language": "en", "languages": {"en": "{{otp}}"}})",
       "en: an object with subject and text is expected"},
      {R"({"default_language": "en", "languages": {"en": {"text": 5}}})", "en.text: a text is expected"},
      {R"({"default_language": "en", "languages": {"en": {"text": "{{otp}}", "html": ""}}})",
       "en: there is no 'html' in a template"},
  };
  for (const auto& row : rows) EXPECT_EQ(flaw_of(row.json), row.flaw) << row.json;
}

TEST(Templates, MoreLanguagesThanAnybodyNeeds) {
  TextTemplates templates{{}, "aa"};
  for (char second = 'a'; second <= 'z'; ++second)
    for (const char first : {'a', 'b'}) templates.languages[{first, second}] = {"", "{{otp}}"};
  EXPECT_EQ(otp_flaw_in(templates), "languages: at most 50 are expected");
}

}  // namespace
}  // namespace countersign::messages
