#pragma once
// SIEM destinations as the API shows them: configuration without secrets, what is promised of delivery, how it fares.

#include <boost/json.hpp>

#include "adapters/exports/status.h"
#include "bus/log_identity.h"
#include "domain/siem_configuration.h"
#include "domain/siem_destination.h"

namespace countersign::http {

boost::json::object render(const domain::SiemDestination& row, const domain::SiemConfiguration& configuration,
                           const exports::DestinationStatus& status, const bus::LogIdentity& log);
/// `guarantee`, the sentence that explains it, and the window of one that rewinds.
void put_guarantee(boost::json::object& out, const domain::SiemDestination& row);
/// "active", "paused" or "failing".
std::string_view state_text(const exports::DestinationStatus& status);
/// One item of /v1/projections.
boost::json::object projection_of(const exports::DestinationStatus& status, const bus::LogIdentity& log);

}  // namespace countersign::http
