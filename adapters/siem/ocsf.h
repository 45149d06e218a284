#pragma once
// Events as the Open Cybersecurity Schema Framework, 1.8.0: classes Account Change, Authentication, Entity Management,
// Event Log Activity and Application Lifecycle, without profiles or extensions.
//
// Every object has the required attributes of its class, and no attribute that the class lacks: a test holds that
// against the published schema. What the class has no attribute for stands in `unmapped`.

#include <boost/json/object.hpp>
#include <string_view>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

boost::json::object ocsf(const queries::RenderedEvent& event, std::string_view cursor = {});

}  // namespace countersign::siem
