#pragma once
// Times as the API writes and reads them: RFC 3339, UTC, milliseconds.

#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace countersign::queries {

/// "2026-11-23T03:00:57.123Z".
std::string rfc3339(domain::UnixMs time);
/// With or without fraction (beyond milliseconds cut off), with Z or an offset. Years 1970 to 9999.
std::optional<domain::UnixMs> parse_rfc3339(std::string_view text);

}  // namespace countersign::queries
