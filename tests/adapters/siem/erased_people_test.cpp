// Somebody whose key is gone, and events of which hardly anything is known.

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "adapters/siem/export_format.h"
#include "tests/adapters/siem/line_parsers.h"
#include "tests/adapters/siem/samples.h"

namespace countersign::siem::test {
namespace {

namespace json = boost::json;
constexpr std::size_t user_created = 8;

TEST(ErasedPeople, AreCalledErasedInEveryFormat) {
  const auto event = bare(samples()[user_created]);
  EXPECT_EQ(json::parse(line_of(ExportFormat::native, event)).at("subject").at("display"), "(erased)");
  EXPECT_EQ(json::parse(line_of(ExportFormat::ocsf, event)).at("user").at("name"), "(erased)");
  EXPECT_EQ(json::parse(line_of(ExportFormat::ecs, event)).at("user").at("target").at("full_name"), "(erased)");
  EXPECT_EQ(parse_cef(line_of(ExportFormat::cef, event)).values.at("duser"), "(erased)");
  EXPECT_EQ(parse_leef(line_of(ExportFormat::leef, event)).values.at("subjectName"), "(erased)");
}

TEST(UnknownThings, AreLeftOut) {
  for (const auto& sample : samples()) {
    const auto event = bare(sample);
    for (const auto format : all_formats) {
      const auto line = line_of(format, event);
      EXPECT_EQ(line.find("ExampleApp"), std::string::npos) << line;
      EXPECT_EQ(line.find("192.0.2.7"), std::string::npos) << line;
    }
    for (const auto& [key, value] : parse_cef(line_of(ExportFormat::cef, event)).values) EXPECT_NE(value, "") << key;
    for (const auto& [key, value] : parse_leef(line_of(ExportFormat::leef, event)).values) EXPECT_NE(value, "") << key;
  }
}

}  // namespace
}  // namespace countersign::siem::test
