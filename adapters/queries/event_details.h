#pragma once
// What an event says beyond who and what, as the API's `details`: the numbers, enums and ids of its type's clear part,
// and what of its sealed part is worth reading in a list. Never a digest, a key or a secret.

#include <boost/json.hpp>

#include "domain/event.h"

namespace countersign::queries {

boost::json::object event_details(const domain::EventView& event, const domain::Personal& personal);

}  // namespace countersign::queries
