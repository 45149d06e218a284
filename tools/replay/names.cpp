#include "tools/replay/names.h"

namespace countersign::replay {

Names::Names(const AccountFold& state, const AuditedLog& log) : log_(log.identity()) {
  auto* keys = log.seal_keys(state.id());
  if (!keys) return;
  opener_.emplace(*keys);
  renderer_.emplace(state, *opener_, log_);
}

queries::DisplayNames Names::of(const domain::EventView& event) {
  return renderer_ ? renderer_->names(event) : queries::DisplayNames{};
}

std::optional<domain::Personal> Names::personal(const domain::EventView& event) const {
  return opener_ ? opener_->of_event(event) : std::nullopt;
}

queries::RenderedEvent Names::describe(const domain::EventView& event, bus::FrameNumber frame) {
  return queries::describe(event, personal(event).value_or(domain::Personal{}), of(event),
                           queries::text_of(queries::Position{log_, frame}));
}

}  // namespace countersign::replay
