#pragma once

#include <boost/json/object.hpp>

#include "domain/account.h"

namespace countersign::queries {

/// A provisioning policy as the API has it.
boost::json::object render_policy(const domain::Provisioning& policy);

}  // namespace countersign::queries
