#include "adapters/exports/beginning.h"

#include <limits>

#include "adapters/queries/stored_event.h"

namespace countersign::exports {
namespace {

/// How many events come before the first for which `reached` holds.
template <class Reached>
std::uint64_t events_before(const projections::Views& views, domain::AccountId account, std::uint64_t last,
                            const Reached& reached) {
  std::uint64_t low = 1, high = last + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    bool there = false;
    views.events_from(account, middle, [&](std::string_view bytes, bus::FrameNumber frame) {
      there = reached(queries::stored_event(bytes, frame), frame);
      return false;
    });
    if (there)
      high = middle;
    else
      low = middle + 1;
  }
  return low - 1;
}

}  // namespace

std::uint64_t start_of(const projections::Views& views, domain::AccountId account, std::uint64_t last_sequence,
                       const Beginning& beginning) {
  if (const auto* from = std::get_if<FromTime>(&beginning))
    return events_before(views, account, last_sequence,
                         [&](const domain::EventView& event, bus::FrameNumber) { return event.time() >= from->time; });
  if (const auto* from = std::get_if<FromFrame>(&beginning))
    return events_before(views, account, last_sequence,
                         [&](const domain::EventView&, bus::FrameNumber frame) { return frame >= from->frame; });
  if (const auto* from = std::get_if<FromSequence>(&beginning)) return from->sequence > 0 ? from->sequence - 1 : 0;
  return std::numeric_limits<std::uint64_t>::max();  // decisions cut it down to the log's end
}

}  // namespace countersign::exports
