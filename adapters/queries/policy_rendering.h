#pragma once
// A provisioning policy as JSON: in answers, in events and in what countersign-replay shows, the same everywhere.

#include <boost/json/object.hpp>

#include "domain/account.h"

namespace countersign::queries {

boost::json::object render_policy(const domain::Provisioning& policy);

}  // namespace countersign::queries
