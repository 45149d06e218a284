#pragma once
// Events in the Elastic Common Schema, 8.17. `user` is who did it, `user.target` whom it is about, as the schema says
// of identity events. What the schema has no field for stands under `countersign`, a name of our own as it recommends.

#include <boost/json/object.hpp>
#include <string_view>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

boost::json::object ecs(const queries::RenderedEvent& event, std::string_view cursor = {});

}  // namespace countersign::siem
