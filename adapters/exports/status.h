#pragma once
// How a destination fares, as it is shown: in the API, in /v1/projections, in the metrics.

#include <cstdint>
#include <string>

#include "bus/position.h"
#include "domain/ids.h"

namespace countersign::exports {

struct DestinationStatus {
  domain::AccountId account;
  domain::SiemDestinationId id;
  std::uint64_t version = 0, begun_by = 0;  ///< of the destination that this is about
  bool paused = false;                      ///< by an administrator, or with its account
  bool failing = false;                     ///< the last attempt failed
  std::uint64_t sequence = 0;               ///< events up to here have been taken, or are not wanted
  bus::FrameNumber frame{};                 ///< that this event came in; 0: none yet
  std::uint64_t lag_events = 0;
  domain::UnixMs lag_ms = 0;  ///< since the oldest of them
  std::string last_error;     ///< of the last attempt that failed; empty: none since the start
  domain::UnixMs last_delivery_at = 0, next_attempt_at = 0;  ///< 0: none
  std::uint64_t delivered = 0, failures = 0;                 ///< since the start; repeats count
};

}  // namespace countersign::exports
