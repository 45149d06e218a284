#include "adapters/directory/csv_checks.h"

#include <algorithm>

#include "adapters/directory/text_checks.h"

namespace countersign::directory {

std::optional<RecordError> check_cells(const CsvRecord& record, std::size_t columns) {
  switch (record.fault) {
    case CsvRecord::Fault::none: break;
    case CsvRecord::Fault::too_long: return RecordError{"record-too-long", "the record is longer than 64 KiB"};
    case CsvRecord::Fault::text_after_quote: return RecordError{"quotes-malformed", "text follows a closing quote"};
    case CsvRecord::Fault::quote_unclosed:
      return RecordError{"quotes-malformed", "a quote that opens here is not closed before the file ends"};
  }
  if (!std::all_of(record.cells.begin(), record.cells.end(), is_utf8))
    return RecordError{"not-utf-8", "the record holds bytes that are not UTF-8"};
  if (record.cells.size() != columns) {
    const bool missing = record.cells.size() < columns;
    return RecordError{missing ? "columns-missing" : "columns-surplus",
                       std::to_string(record.cells.size()) + " cells, the header has " + std::to_string(columns)};
  }
  return std::nullopt;
}

std::optional<RecordError> check_header(const CsvRecord& record) {
  if (record.fault != CsvRecord::Fault::none) return RecordError{"header-malformed", "the header line is not CSV"};
  if (!std::all_of(record.cells.begin(), record.cells.end(), is_utf8))
    return RecordError{"header-malformed", "the header line is not UTF-8"};
  return std::nullopt;
}

}  // namespace countersign::directory
