#pragma once
// CEF and LEEF read as a receiver reads them, written from the formats' own rules and sharing nothing with the code
// that writes them. A line that breaks a rule throws std::runtime_error.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::siem::test {

struct ParsedLine {
  std::vector<std::string> header;  ///< without the version
  std::map<std::string, std::string> values;
};

/// CEF:0. Seven fields, of which pipes and backslashes are escaped; values, of which equals signs and backslashes are.
ParsedLine parse_cef(std::string_view line);
/// LEEF:2.0 with a delimiter in hexadecimal. Nothing is escaped.
ParsedLine parse_leef(std::string_view line);

}  // namespace countersign::siem::test
