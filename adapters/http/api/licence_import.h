#pragma once
// Licences from a CSV file: rows read and checked, then each created by a command of its own, several on their way at
// a time. A row that is there already and says the same is unchanged, so that a file can be sent again after whatever
// happened. Nothing is kept of the file.
//
// Limits: 10,000 rows; four imports at a time.

#include <boost/json/array.hpp>
#include <functional>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/commands/submitter.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/keys/lookup.h"
#include "domain/licence.h"
#include "projections/view_state.h"

namespace countersign::http {

inline constexpr std::size_t most_licence_rows = 10'000;

struct LicenceRow {
  std::uint64_t line = 0;
  std::variant<domain::CreateLicence, directory::RecordError> outcome;  ///< without id and digest
};
/// Or why nothing of the file can be read.
std::variant<std::vector<LicenceRow>, directory::RecordError> read_licences(std::string_view csv);

struct ImportedLicences {
  std::uint64_t created = 0, unchanged = 0;
  boost::json::array refused;       ///< {line, code, detail}
  boost::system::error_code error;  ///< the rest wasn't tried
};
/// Blocks until all rows are settled; bus::errc::queue_full when too many imports are under way, or the queue stays
/// full for seconds. `state`: gives what stands in the views at the moment.
ImportedLicences import_licences(commands::Submitter& submitter, const keys::Lookup& lookup,
                                 const domain::Context& context, std::vector<LicenceRow> rows, domain::UnixMs now,
                                 const std::function<projections::ViewState()>& state);

}  // namespace countersign::http
