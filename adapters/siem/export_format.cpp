#include "adapters/siem/export_format.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "adapters/siem/cef.h"
#include "adapters/siem/ecs.h"
#include "adapters/siem/leef.h"
#include "adapters/siem/line_text.h"
#include "adapters/siem/ocsf.h"

namespace countersign::siem {
namespace {

constexpr std::pair<ExportFormat, std::string_view> names[] = {{ExportFormat::native, "native"},
                                                               {ExportFormat::ocsf, "ocsf"},
                                                               {ExportFormat::ecs, "ecs"},
                                                               {ExportFormat::cef, "cef"},
                                                               {ExportFormat::leef, "leef"}};

std::string native(const queries::RenderedEvent& event, std::string_view cursor) {
  auto object = queries::to_json(event);
  if (!cursor.empty()) object["cursor"] = cursor;
  return boost::json::serialize(object);
}

}  // namespace

std::string_view format_name(ExportFormat format) {
  return std::ranges::find(names, format, [](const auto& pair) { return pair.first; })->second;
}

std::optional<ExportFormat> parse_format(std::string_view name) {
  const auto* found = std::ranges::find(names, name, [](const auto& pair) { return pair.second; });
  if (found == std::end(names)) return std::nullopt;
  return found->first;
}

bool is_json(ExportFormat format) {
  return format != ExportFormat::cef && format != ExportFormat::leef;
}

std::string line_of(ExportFormat format, const queries::RenderedEvent& event, std::string_view cursor) {
  switch (format) {
    case ExportFormat::native: return valid_utf8(native(event, cursor));
    case ExportFormat::ocsf: return valid_utf8(boost::json::serialize(ocsf(event, cursor)));
    case ExportFormat::ecs: return valid_utf8(boost::json::serialize(ecs(event, cursor)));
    case ExportFormat::cef: return cef(event, cursor);
    case ExportFormat::leef: return leef(event, cursor);
  }
  return {};
}

}  // namespace countersign::siem
