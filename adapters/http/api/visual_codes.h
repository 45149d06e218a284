#pragma once
// Pictures of texts for devices to scan. Nothing is stored or remembered of them.

#include "adapters/http/server/exchange.h"

namespace countersign::http {

class VisualCodes {
 public:
  Response render(Exchange& exchange);
};

}  // namespace countersign::http
