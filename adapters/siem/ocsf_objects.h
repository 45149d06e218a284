#pragma once
// The objects of OCSF 1.8.0 that events name: users, actors, managed entities. Each meets its object's constraint (such
// as one of name, uid) also when little is known: what has neither is named "(unknown)".

#include <boost/json/object.hpp>

#include "adapters/queries/rendered_event.h"
#include "adapters/siem/mapping.h"

namespace countersign::siem {

/// A user, or whoever stands in a user's place: an API key, the root key, the system.
boost::json::object ocsf_user(const queries::RenderedParty& party);
/// Empty when nobody is known to have acted.
boost::json::object ocsf_actor(const queries::RenderedParty& party);
/// Where an event came from: its address, which must be one, and what is known of that.
boost::json::object ocsf_endpoint(const queries::RenderedEvent& event);
/// What an Entity Management event is about.
boost::json::object ocsf_entity(const queries::RenderedEvent& event, OcsfEntity kind);

}  // namespace countersign::siem
