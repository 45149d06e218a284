#include "adapters/http/server/exchange.h"

#include <utility>

namespace countersign::http {

void Exchange::interrupt(Interruption why) {
  if (interruption_ != Interruption::none) return;
  interruption_ = why;
  if (const auto call = std::exchange(on_interruption_, nullptr)) call();
}

}  // namespace countersign::http
