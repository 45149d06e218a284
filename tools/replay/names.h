#pragma once
// Events as the API would render them, with the names of a folded state, and without names when there are no keys.

#include "adapters/queries/event_rendering.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"
#include "tools/replay/account_fold.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

class Names {
 public:
  /// Both outlive it.
  Names(const AccountFold& state, const AuditedLog& log);

  queries::RenderedEvent describe(const domain::EventView& event, bus::FrameNumber frame);
  /// Empty names without keys.
  queries::DisplayNames of(const domain::EventView& event);
  /// The event's own personal part; nothing when it can't be opened: there is no key for it (any more).
  std::optional<domain::Personal> personal(const domain::EventView& event) const;

 private:
  const bus::LogIdentity log_;
  std::optional<queries::SealOpener> opener_;
  std::optional<queries::EventRenderer> renderer_;
};

}  // namespace countersign::replay
