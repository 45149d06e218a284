#pragma once
// What the people with codes use, without a key: redeem in one step or two. All refusals of one kind are alike and cost
// alike: the same look-ups, the same crypto.

#include "adapters/commands/attempt_limits.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class Redemption {
 public:
  Redemption(Reads& reads, Writes& writes, commands::AttemptLimits& limits)
      : reads_(reads), writes_(writes), limits_(limits) {}

  boost::asio::awaitable<Response> redeem(Exchange& exchange);
  boost::asio::awaitable<Response> activate(Exchange& exchange);

 private:
  std::shared_ptr<commands::Admission> admission(const Exchange& exchange, std::uint16_t slot);
  Reads& reads_;
  Writes& writes_;
  commands::AttemptLimits& limits_;
};

}  // namespace countersign::http
