#include "tools/replay/export/line_format.h"

#include <array>
#include <boost/json.hpp>

#include "adapters/directory/csv_writer.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"

namespace countersign::replay {
namespace {

constexpr std::array<std::string_view, 20> columns = {
    "Time",       "Sequence", "ID",         "Type",       "Severity",       "Outcome",     "Reason",
    "Actor type", "Actor ID", "Actor",      "Subject ID", "Subject",        "Target type", "Target ID",
    "Target",     "Address",  "User agent", "Session ID", "Correlation ID", "Details"};

std::string row_of(const queries::RenderedEvent& event) {
  const auto kind = [](const queries::RenderedParty& party) {
    return party.kind == domain::PartyKind::none ? std::string_view() : domain::party_kind_text(party.kind);
  };
  const auto time = queries::rfc3339(event.time), sequence = std::to_string(event.sequence),
             details = event.details.empty() ? std::string() : boost::json::serialize(event.details);
  const std::array<std::string_view, columns.size()> cells = {time,
                                                              sequence,
                                                              event.id,
                                                              domain::name_of(event.type).name,
                                                              event.severity,
                                                              event.success ? "success" : "failure",
                                                              event.reason,
                                                              kind(event.actor),
                                                              event.actor.id,
                                                              event.actor.display,
                                                              event.subject.id,
                                                              event.subject.display,
                                                              kind(event.target),
                                                              event.target.id,
                                                              event.target.display,
                                                              event.ip,
                                                              event.user_agent,
                                                              event.session,
                                                              event.correlation,
                                                              details};
  std::string row;
  directory::append_csv_row(cells, row);
  return row;
}

}  // namespace

std::optional<LineFormat> LineFormat::parse(std::string_view name) {
  if (name == "csv") return LineFormat(Csv{});
  const auto format = siem::parse_format(name);
  return format ? std::optional(LineFormat(*format)) : std::nullopt;
}

std::string_view LineFormat::name() const {
  const auto* format = std::get_if<siem::ExportFormat>(&format_);
  return format ? siem::format_name(*format) : "csv";
}

std::string LineFormat::file_name() const {
  const auto* format = std::get_if<siem::ExportFormat>(&format_);
  return "events." + std::string(format && siem::is_json(*format) ? "ndjson" : name());
}

std::string LineFormat::header() const {
  if (!std::holds_alternative<Csv>(format_)) return {};
  std::string row(directory::csv_byte_order_mark);
  directory::append_csv_row(columns, row);
  return row;
}

std::string LineFormat::line(const queries::RenderedEvent& event) const {
  const auto* format = std::get_if<siem::ExportFormat>(&format_);
  return format ? siem::line_of(*format, event) + "\n" : row_of(event);
}

}  // namespace countersign::replay
