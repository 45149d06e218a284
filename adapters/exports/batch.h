#pragma once
// The next events of an account, as lines for one destination. They are rendered when they are about to be sent: what a
// person's erasure has taken away is in none of them, and nothing is spooled.

#include <optional>
#include <vector>

#include "adapters/push/transport.h"
#include "adapters/queries/event_filter.h"
#include "adapters/queries/event_rendering.h"
#include "adapters/siem/notice.h"
#include "projections/views.h"

namespace countersign::exports {

struct BatchLimits {
  std::size_t events = 500, bytes = 1 << 20;
  std::size_t looked_at = 20'000;  ///< also those that the filter leaves out
};

/// Where an event stands.
struct Place {
  std::uint64_t sequence = 0;
  bus::FrameNumber frame{};
  domain::EventId event;
  bool counts = true;  ///< for export reports, which neither reports nor counted reads do: so that nothing feeds itself
};

struct Batch {
  std::vector<push::Message> messages;
  std::vector<Place> places;  ///< of the messages
  Place end;                  ///< the last event looked at; sequence 0: there was none
};

/// What comes behind `after`. Throws std::runtime_error when the first of them can't be read.
Batch read_batch(const projections::Views& views, domain::AccountId account, std::uint64_t after,
                 const queries::EventFilter& filter, siem::ExportFormat format, queries::EventRenderer& renderer,
                 const BatchLimits& limits);

/// A line that stands for no event.
push::Message message_of(const siem::Notice& notice, siem::ExportFormat format);

}  // namespace countersign::exports
