#pragma once
// How an export writes events: the formats of the event stream, a line each, and CSV with a header, whose cells no
// spreadsheet runs.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/siem/export_format.h"

namespace countersign::replay {

class LineFormat {
 public:
  /// "native", "ocsf", "ecs", "cef", "leef", "csv"; nothing for anything else.
  static std::optional<LineFormat> parse(std::string_view name);

  std::string_view name() const;
  /// "events.ndjson", "events.cef" ...
  std::string file_name() const;
  /// What stands before the first event; empty but for CSV.
  std::string header() const;
  /// With its end.
  std::string line(const queries::RenderedEvent& event) const;

 private:
  struct Csv {};
  using Format = std::variant<siem::ExportFormat, Csv>;
  explicit LineFormat(Format format) : format_(format) {}
  Format format_;
};

}  // namespace countersign::replay
