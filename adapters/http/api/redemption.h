#pragma once
// What the people with codes use, without a key: redeem in one step or two. All refusals of one kind are alike and cost
// alike: the same look-ups, the same crypto.

#include "adapters/commands/attempt_limits.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/recent_refusals.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class Redemption {
 public:
  Redemption(Reads& reads, Writes& writes, commands::AttemptLimits& limits, RecentRefusals& refusals)
      : reads_(reads), writes_(writes), limits_(limits), refusals_(refusals) {}

  boost::asio::awaitable<Response> redeem(Exchange& exchange);
  boost::asio::awaitable<Response> activate(Exchange& exchange);

 private:
  std::shared_ptr<commands::Admission> admission(const Exchange& exchange, std::uint16_t slot);
  /// Remembers why, for the help desk.
  std::function<void(const domain::Refusal&)> remember(const Exchange& exchange);
  Reads& reads_;
  Writes& writes_;
  commands::AttemptLimits& limits_;
  RecentRefusals& refusals_;
};

}  // namespace countersign::http
