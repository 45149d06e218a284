#pragma once
// Countries as a byte each, for the event index: ISO 3166-1 alpha-2 as of 2024, and XK, which databases of addresses
// use for Kosovo. The numbers stand in stored segments: a change of the list raises event_index_version.

#include <cstdint>
#include <string>

namespace countersign::projections {

/// 0: none; 255: a code that isn't in the list. `country` as in domain/events.fbs.
std::uint8_t country_byte(std::uint16_t country);
/// "CH"; empty for none; "ZZ" (unknown territory, as in Unicode CLDR) for 255.
std::string country_of_byte(std::uint8_t byte);

}  // namespace countersign::projections
