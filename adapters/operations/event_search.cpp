#include "adapters/operations/event_search.h"

#include "adapters/queries/stored_event.h"
#include "domain/account.h"

namespace countersign::operations {
namespace {

/// A clock that was set back between the request and its event.
constexpr domain::UnixMs most_set_back = 3'600'000;

/// Until `visit` returns false.
void walk_back(const projections::Views& views, const domain::State& state, const Operation& operation,
               const std::function<bool(const domain::EventView& event)>& visit) {
  const auto account = state.account(operation.account);
  if (!account) return;
  views.events_back(operation.account, account->last_sequence, [&](std::string_view bytes, bus::FrameNumber frame) {
    const auto event = queries::stored_event(bytes, frame);
    return event.time() >= operation.created_at - most_set_back && visit(event);
  });
}

}  // namespace

bool has_event(const projections::Views& views, const domain::State& state, const Operation& operation,
               domain::EventType type) {
  bool found = false;
  walk_back(views, state, operation, [&](const domain::EventView& event) {
    found = event.type() == type && event.target().id == operation.id.uuid;
    return !found;
  });
  return found;
}

std::uint64_t codes_generated(const projections::Views& views, const domain::State& state, const Operation& operation) {
  std::uint64_t found = 0;
  walk_back(views, state, operation, [&](const domain::EventView& event) {
    const auto* code = event.clear().payload_as_CodeGenerated();
    found += code && domain::EventView::to_uuid(code->operation()) == operation.id.uuid;
    return true;
  });
  return found;
}

}  // namespace countersign::operations
