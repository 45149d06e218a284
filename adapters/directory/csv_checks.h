#pragma once
// The checks that a record of any CSV file has to pass before its cells are looked at.

#include <optional>

#include "adapters/directory/csv_records.h"
#include "adapters/directory/directory_reader.h"

namespace countersign::directory {

/// It is CSV, UTF-8, and has as many cells as the header has.
std::optional<RecordError> check_cells(const CsvRecord& record, std::size_t columns);
/// The header is CSV and UTF-8.
std::optional<RecordError> check_header(const CsvRecord& record);

}  // namespace countersign::directory
