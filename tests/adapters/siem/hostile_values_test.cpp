// Whatever people put into names, user agents and addresses: a line stays one line, its fields stay those that were
// written, and a receiver reads the values that were sent.

#include <gtest/gtest.h>
#include <unistr.h>

#include <boost/json.hpp>
#include <random>

#include "adapters/queries/misleading_character.h"
#include "adapters/siem/export_format.h"
#include "adapters/siem/line_text.h"
#include "domain/event_catalogue.h"
#include "tests/adapters/siem/line_parsers.h"
#include "tests/adapters/siem/samples.h"

namespace countersign::siem::test {
namespace {

namespace json = boost::json;
using queries::RenderedEvent;

std::u32string characters(const std::string& text) {
  std::u32string out(text.size(), U'\0');
  std::size_t length = out.size();
  EXPECT_TRUE(u8_to_u32(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                        reinterpret_cast<std::uint32_t*>(out.data()), &length))
      << "not UTF-8";
  out.resize(length);
  return out;
}

std::vector<RenderedEvent> hostile_events() {
  std::vector<RenderedEvent> out;
  for (const auto& event : samples())
    for (const auto& text : hostile_texts()) out.push_back(written_as(event, text));
  return out;
}

TEST(HostileValues, ALineOfTextIsOneLineWithoutMisleadingCharacters) {
  for (const auto& event : hostile_events())
    for (const auto format : {ExportFormat::cef, ExportFormat::leef})
      for (const auto c : characters(line_of(format, event, "cursor")))
        ASSERT_FALSE(queries::is_misleading(c) && !(format == ExportFormat::leef && c == '\t')) << unsigned(c);
}

TEST(HostileValues, ALineOfJsonIsOneLineOfValidJson) {
  for (const auto& event : hostile_events())
    for (const auto format : {ExportFormat::native, ExportFormat::ocsf, ExportFormat::ecs}) {
      const auto line = line_of(format, event);
      characters(line);
      EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
      EXPECT_TRUE(json::parse(line).is_object());
    }
}

TEST(HostileValues, JsonKeepsThem) {
  for (const auto& text : hostile_texts()) {
    const auto event = written_as(samples()[8], text);  // user.created
    const auto sent = valid_utf8(text);
    const auto native = json::parse(line_of(ExportFormat::native, event));
    EXPECT_EQ(native.at("subject").at("display").as_string(), sent);
    const auto ocsf = json::parse(line_of(ExportFormat::ocsf, event));
    EXPECT_EQ(ocsf.at("user").at("name").as_string(), sent);
    EXPECT_EQ(ocsf.at("http_request").at("user_agent").as_string(), sent);
    EXPECT_EQ(ocsf.at("unmapped").at("ip").as_string(), sent) << "no address: not where addresses belong";
    EXPECT_FALSE(ocsf.as_object().contains("src_endpoint"));
    const auto ecs = json::parse(line_of(ExportFormat::ecs, event));
    EXPECT_EQ(ecs.at("user").at("target").at("full_name").as_string(), sent);
    EXPECT_FALSE(ecs.at("source").as_object().contains("ip"));
  }
}

TEST(HostileValues, NobodyForgesAFieldOrAHeader) {
  for (const auto& event : hostile_events()) {
    const auto& name = domain::name_of(event.type);
    const auto cef = parse_cef(line_of(ExportFormat::cef, event));
    const auto leef = parse_leef(line_of(ExportFormat::leef, event));
    EXPECT_EQ(cef.header[3], name.name);
    EXPECT_EQ(leef.header[3], name.name);
    EXPECT_EQ(cef.values.at("outcome"), event.success ? "success" : "failure");
    EXPECT_EQ(leef.values.at("outcome"), event.success ? "success" : "failure");
    EXPECT_EQ(cef.values.at("externalId"), event.id);
    EXPECT_EQ(leef.values.at("eventId"), event.id);
    EXPECT_FALSE(cef.values.contains("src"));
    EXPECT_FALSE(leef.values.contains("src"));
    EXPECT_TRUE(leef.values.at("usrName") == event.actor.id || leef.values.at("usrName") != "admin");
  }
}

TEST(HostileValues, AreReadBackAsSentOrShown) {
  for (const auto& text : hostile_texts()) {
    const auto event = written_as(samples()[8], text);
    const auto cef = parse_cef(line_of(ExportFormat::cef, event)).values;
    const auto leef = parse_leef(line_of(ExportFormat::leef, event)).values;
    EXPECT_EQ(cef.at("duser"), cut(visible(text, true), 1023));
    EXPECT_EQ(cef.at("requestClientApplication"), cut(visible(text, true), 1023));
    EXPECT_EQ(leef.at("subjectName"), cut(visible(text), 4000));
    EXPECT_EQ(leef.at("userAgent"), cut(visible(text), 4000));
  }
}

/// Texts of what the formats' own syntax is made of, and of letters.
std::string drawn(std::mt19937& random, std::u32string_view alphabet, std::size_t most) {
  std::uniform_int_distribution<std::size_t> letter(0, alphabet.size() - 1), length(1, most);
  std::string out;
  for (auto left = length(random); left > 0; --left) {
    std::uint8_t bytes[6];
    const int count = u8_uctomb(bytes, alphabet[letter(random)], sizeof bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  }
  return out;
}

class RandomValues : public ::testing::TestWithParam<unsigned> {
 protected:
  static std::string value(const ParsedLine& line, const std::string& key) {
    const auto found = line.values.find(key);
    return found == line.values.end() ? "" : found->second;
  }
  std::mt19937 random{GetParam()};
};

TEST_P(RandomValues, CefIsReadBackAsSent) {
  const auto event = samples()[GetParam() % samples().size()];
  for (int round = 0; round < 20; ++round) {
    auto written = event;
    for (auto* text : {&written.actor.display, &written.subject.display, &written.target.display, &written.user_agent,
                       &written.session, &written.correlation, &written.account})
      *text = drawn(random, U"a b=\\|\n\r]\"'{}<>,:;%$\u00eb\u65e5\U0001f469", 60);
    const auto line = parse_cef(line_of(ExportFormat::cef, written));
    EXPECT_EQ(value(line, "suser"), written.actor.display);
    EXPECT_EQ(value(line, "duser"), written.subject.display);
    EXPECT_EQ(value(line, "cs1"), written.account);
    EXPECT_EQ(value(line, "cs3"), written.target.display);
    EXPECT_EQ(value(line, "cs4"), written.session);
    EXPECT_EQ(value(line, "cs5"), written.correlation);
    EXPECT_EQ(value(line, "requestClientApplication"), written.user_agent);
    EXPECT_EQ(value(line, "cs6"), event.details.empty() ? "" : json::serialize(event.details));
    EXPECT_EQ(line.header[4], parse_cef(line_of(ExportFormat::cef, event)).header[4]);
  }
}

TEST_P(RandomValues, LeefIsReadBackAsSent) {
  const auto event = samples()[GetParam() % samples().size()];
  for (int round = 0; round < 20; ++round) {
    auto written = event;
    for (auto* party : {&written.actor, &written.subject, &written.target}) {
      party->kind = domain::PartyKind::user;
      party->display = drawn(random, U"a b=\\|^]\"'{}<>,:;%$\u00eb\u65e5\U0001f469", 60);
    }
    written.user_agent = drawn(random, U"x09 a=|\\", 60);
    const auto line = parse_leef(line_of(ExportFormat::leef, written));
    EXPECT_EQ(value(line, "usrName"), written.actor.display);
    EXPECT_EQ(value(line, "actorName"), written.actor.display);
    EXPECT_EQ(value(line, "subjectName"), written.subject.display);
    EXPECT_EQ(value(line, "targetName"), written.target.display);
    EXPECT_EQ(value(line, "userAgent"), written.user_agent);
    EXPECT_EQ(value(line, "details"), event.details.empty() ? "" : json::serialize(event.details));
  }
}

TEST_P(RandomValues, AnyBytesAreALineThatIsRead) {
  std::uniform_int_distribution<int> byte(0, 255), length(1, 80);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    for (int left = length(random); left > 0; --left) text += static_cast<char>(byte(random));
    const auto event = written_as(samples()[8], text);
    EXPECT_EQ(value(parse_cef(line_of(ExportFormat::cef, event)), "duser"), visible(text, true));
    EXPECT_EQ(value(parse_leef(line_of(ExportFormat::leef, event)), "subjectName"), visible(text));
    for (const auto format : {ExportFormat::native, ExportFormat::ocsf, ExportFormat::ecs})
      EXPECT_TRUE(json::parse(line_of(format, event)).is_object());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomValues, ::testing::Range(0u, 39u));

}  // namespace
}  // namespace countersign::siem::test
