#pragma once
// Events as the API shows them: the clear part, the opened personal part, and the names of those it is about as they
// are now; "(erased)" for a person whose key is gone.
//
// One EventRenderer per request: it remembers the names it has resolved.

#include <boost/json.hpp>
#include <map>

#include "adapters/queries/rendered_event.h"
#include "adapters/queries/seal_opener.h"
#include "bus/log_identity.h"
#include "domain/decision.h"
#include "projections/rows.h"

namespace countersign::queries {

/// What people know an event's parties by; empty for a party that isn't there or has no name.
struct DisplayNames {
  std::string actor, subject, target;
};

/// The event with its opened personal part and the names of its parties, wherever those come from.
RenderedEvent describe(const domain::EventView& event, const domain::Personal& personal, DisplayNames names,
                       std::string position);

class EventRenderer {
 public:
  EventRenderer(const domain::State& state, const SealOpener& opener, const bus::LogIdentity& log)
      : state_(state), opener_(opener), log_(log) {}

  RenderedEvent describe(const domain::EventView& event, bus::FrameNumber frame);
  boost::json::object render(const domain::EventView& event, bus::FrameNumber frame) {
    return to_json(describe(event, frame));
  }
  DisplayNames names(const domain::EventView& event);
  /// What people know the party by; "(erased)" for somebody who is.
  const std::string& name(domain::AccountId account, const domain::Party& party);

 private:
  std::string display(domain::AccountId account, const domain::Party& party);

  const domain::State& state_;
  const SealOpener& opener_;
  const bus::LogIdentity log_;
  std::map<std::pair<domain::PartyKind, domain::Uuid>, std::string> names_;
};

}  // namespace countersign::queries
