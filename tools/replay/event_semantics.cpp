#include "tools/replay/event_semantics.h"

#include "domain/event_catalogue.h"
#include "domain/event_shape.h"

namespace countersign::replay {
namespace {

using domain::PartyKind;
using domain::fb::Payload;

std::string refusal_flaw(const domain::EventView& event) {
  if (event.clear().payload_type() != Payload::Refusals) return "has no count of refusals";
  if (event.clear().outcome() != domain::Outcome::failure) return "is a refusal that succeeded";
  return {};
}

std::string party_flaw(std::string_view what, PartyKind found, PartyKind wanted) {
  if (found == wanted) return {};
  return "has as its " + std::string(what) + " a thing of kind " + std::string(domain::party_kind_text(found)) +
         ", and its type's is " + std::string(domain::party_kind_text(wanted));
}

}  // namespace

std::string semantic_flaw(const domain::EventView& event) {
  const auto& clear = event.clear();
  const auto& name = domain::name_of(event.type());
  if (name.type == domain::EventType::none) return "is of a type without a name";
  if (clear.time() <= 0) return "has no time";
  const auto* shape = domain::shape_of(event.type());
  if (!shape) return "is of a type that nothing is known of";
  if (shape->payload == Payload::Refusals) return refusal_flaw(event);
  if (clear.payload_type() != shape->payload)
    return "of type " + std::string(name.name) + " has the payload " +
           domain::fb::EnumNamePayload(clear.payload_type()) + ", and its type's is " +
           domain::fb::EnumNamePayload(shape->payload);
  if (auto flaw = party_flaw("subject", event.subject().kind, shape->subject); !flaw.empty()) return flaw;
  return party_flaw("target", event.target().kind, shape->target);
}

}  // namespace countersign::replay
