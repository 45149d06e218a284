#include "adapters/http/server/request.h"

#include <algorithm>

#include "adapters/http/server/percent.h"
#include "adapters/http/server/utf8.h"

namespace countersign::http {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view Request::header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

bool Request::has_header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (equal_ignoring_case(field.name, name)) return true;
  }
  return false;
}

std::optional<std::vector<Request::Parameter>> Request::parse_parameters(std::string_view encoded) {
  std::vector<Parameter> parameters;
  while (!encoded.empty()) {
    const std::string_view one = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(one.size() + 1, encoded.size()));
    if (one.empty()) continue;
    const std::size_t equals = std::min(one.find('='), one.size());
    Parameter& decoded = parameters.emplace_back();
    if (!append_percent_decoded(one.substr(0, equals), Plus::is_blank, decoded.first)) return std::nullopt;
    if (equals < one.size() && !append_percent_decoded(one.substr(equals + 1), Plus::is_blank, decoded.second)) {
      return std::nullopt;
    }
    if (!is_utf8(decoded.first) || !is_utf8(decoded.second)) return std::nullopt;
  }
  return parameters;
}

}  // namespace countersign::http
