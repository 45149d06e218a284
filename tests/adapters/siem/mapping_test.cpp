// The table: every event type in every format, by numbers and words that are unique where they must be.

#include "adapters/siem/mapping.h"

#include <gtest/gtest.h>

#include <set>

#include "adapters/siem/export_format.h"
#include "domain/event_catalogue.h"
#include "tests/adapters/siem/samples.h"

namespace countersign::siem::test {
namespace {

std::set<domain::EventType> types_of(auto&& rows) {
  std::set<domain::EventType> types;
  for (const auto& row : rows) EXPECT_TRUE(types.insert(row.type).second) << domain::name_of(row.type).name;
  return types;
}

TEST(Mapping, HasEveryTypeOfTheCatalogueOnceAndNoOther) {
  EXPECT_EQ(types_of(mappings()), types_of(domain::event_catalogue()));
}

TEST(Mapping, SaysSomethingInEveryColumn) {
  std::set<std::string_view> titles;
  for (const auto& row : mappings()) {
    const auto name = domain::name_of(row.type).name;
    EXPECT_TRUE(titles.insert(row.title).second) << name;
    EXPECT_EQ(row.title.find_first_of("|\\\n\r\t"), std::string_view::npos) << name;
    EXPECT_FALSE(row.ocsf_activity_name.empty()) << name;
    EXPECT_GT(row.ocsf_activity, 0u) << name;
    EXPECT_EQ(class_name(row.ocsf_class).ocsf_class, row.ocsf_class) << name;
    EXPECT_FALSE(row.ecs_category[0].empty()) << name;
    EXPECT_FALSE(row.ecs_type[0].empty()) << name;
  }
}

TEST(Mapping, KnowsEverySeverity) {
  for (const auto& row : domain::event_catalogue()) {
    const auto& level = severity_level(row.severity);
    EXPECT_GE(level.of_ten, 1u);
    EXPECT_LE(level.of_ten, 10u);
  }
  EXPECT_EQ(severity_level(domain::severity_of(domain::EventType::api_key_created, domain::Reason::rescue)).ocsf, 5u);
  EXPECT_THROW(severity_level("loud"), std::logic_error);
}

TEST(Mapping, ATypeWithoutARowIsAnError) {
  EXPECT_THROW(mapping_of(domain::EventType::none), std::logic_error);
}

TEST(Mapping, EveryTypeHasALineInEveryFormat) {
  const auto events = samples();
  EXPECT_EQ(types_of(events), types_of(domain::event_catalogue())) << "a type lacks its sample";
  for (const auto& event : events)
    for (const auto format : all_formats) {
      const auto line = line_of(format, event);
      EXPECT_NE(line.find(domain::name_of(event.type).name), std::string::npos) << line;
      EXPECT_NE(line.find(event.id), std::string::npos) << line;
      EXPECT_NE(line.find(event.account), std::string::npos) << line;
    }
}

TEST(ExportFormat, NamesAreReadBack) {
  for (const auto format : all_formats) EXPECT_EQ(parse_format(format_name(format)), format);
  for (const auto* unknown : {"", "OCSF", "cef:0", "json", "leef2"}) EXPECT_FALSE(parse_format(unknown)) << unknown;
}

TEST(ExportFormat, ACursorStandsInTheLineOnlyWhenAsked) {
  for (const auto format : all_formats) {
    const auto event = samples().front();
    EXPECT_NE(line_of(format, event, "c_u-r").find("c_u-r"), std::string::npos);
    EXPECT_EQ(line_of(format, event).find("ursor"), std::string::npos);
  }
}

/// scripts/pull_events.sh finds it there without knowing the format.
TEST(ExportFormat, ACursorEndsTheLine) {
  for (const auto& event : samples())
    for (const auto format : all_formats) {
      auto line = line_of(format, event, "c_u-r");
      line.resize(line.find_last_not_of("\"}") + 1);
      EXPECT_TRUE(line.ends_with("\"c_u-r") || line.ends_with("=c_u-r")) << line;
    }
}

}  // namespace
}  // namespace countersign::siem::test
