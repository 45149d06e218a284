#pragma once
// Where a destination is to begin: from the account's first event, a time, a position in the log, or an event's
// sequence. Found in the views, which a decision doesn't scan.

#include <variant>

#include "bus/position.h"
#include "domain/ids.h"
#include "projections/views.h"

namespace countersign::exports {

struct FromTime {
  domain::UnixMs time = 0;
};
struct FromFrame {
  bus::FrameNumber frame{};  ///< whose first event is sent, too: it may be a repeat, never a gap
};
struct FromSequence {
  std::uint64_t sequence = 1;
};
struct FromNow {};
using Beginning = std::variant<FromNow, FromTime, FromFrame, FromSequence>;

/// Events behind this sequence are to be sent. Times and frames never go back in an account, so halving finds it.
/// Throws std::runtime_error when an event can't be read.
std::uint64_t start_of(const projections::Views& views, domain::AccountId account, std::uint64_t last_sequence,
                       const Beginning& beginning);

}  // namespace countersign::exports
