// What each type's event looks like in each format, held against the files in golden/: who changes one sees in the
// difference what a SIEM will see. COUNTERSIGN_WRITE_GOLDEN=1 writes them anew; a changed meaning of a row also raises
// siem::mapping_version.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "adapters/siem/export_format.h"
#include "tests/adapters/siem/samples.h"

namespace countersign::siem::test {
namespace {

namespace json = boost::json;

/// Two blanks a level, so that a difference shows the field.
void put_readable(std::string& out, const json::value& value, std::size_t depth) {
  const auto indent = [&](std::size_t level) { out.append("\n").append(2 * level, ' '); };
  const bool has_members = value.is_object() && !value.get_object().empty();
  if (!has_members) {
    out += json::serialize(value);
    return;
  }
  out += '{';
  bool first = true;
  for (const auto& member : value.get_object()) {
    out += first ? "" : ",";
    indent(depth + 1);
    out.append(json::serialize(member.key())).append(": ");
    put_readable(out, member.value(), depth + 1);
    first = false;
  }
  indent(depth);
  out += '}';
}

std::string readable(ExportFormat format) {
  std::string out;
  for (const auto& event : samples()) {
    const auto line = line_of(format, event);
    if (is_json(format)) {
      put_readable(out, json::parse(line), 0);
    } else {
      out += line;
    }
    out += "\n";
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Golden : public ::testing::TestWithParam<ExportFormat> {};

/// The release's number stands in every line; the files don't change with it.
constexpr std::string_view release = COUNTERSIGN_VERSION, its_place = "@RELEASE@";

TEST_P(Golden, EveryTypeReadsAsWritten) {
  const auto path =
      GOLDEN_DIRECTORY "/" + std::string(format_name(GetParam())) + (is_json(GetParam()) ? ".json" : ".txt");
  const auto made = readable(GetParam());
  if (std::getenv("COUNTERSIGN_WRITE_GOLDEN")) {
    auto text = made;
    replace_all(text, release, its_place);
    std::ofstream(path) << text;
  }
  auto golden = read(path);
  replace_all(golden, its_place, release);
  EXPECT_EQ(made, golden) << path;
}

INSTANTIATE_TEST_SUITE_P(Formats, Golden, ::testing::ValuesIn(all_formats),
                         [](const auto& format) { return std::string(format_name(format.param)); });

}  // namespace
}  // namespace countersign::siem::test
