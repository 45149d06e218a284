#pragma once
// Whether a position that came from elsewhere is one that this log leads to.

#include "bus/acceptance.h"
#include "bus/partition_log.h"

namespace countersign::bus {

/// Reads the log before the position, as much of it as is needed: 64 records, and more only when these don't lead to
/// the state. Errors: the log's; errc::newer_format.
boost::system::result<bool> leads_to(PartitionLog& log, const LogIdentity& identity, std::string_view log_key,
                                     const AcceptanceState& state);

}  // namespace countersign::bus
