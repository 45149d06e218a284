#include "adapters/operations/event_search.h"

#include "domain/account.h"

namespace countersign::operations {
namespace {

/// A clock that was set back between the request and its event.
constexpr domain::UnixMs most_set_back = 3'600'000;

}  // namespace

bool has_event(const projections::Views& views, const domain::State& state, const Operation& operation,
               domain::EventType type, domain::UnixMs earliest) {
  const auto account = state.account(operation.account);
  if (!account) return false;
  bool found = false;
  views.events_back(operation.account, account->last_sequence, [&](std::string_view bytes, bus::FrameNumber) {
    const auto event = domain::EventView::parse(bytes);
    if (!event || event->time() < earliest - most_set_back) return false;
    found = event->type() == type && event->target().id == operation.id.uuid;
    return !found;
  });
  return found;
}

}  // namespace countersign::operations
