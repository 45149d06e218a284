#pragma once
// Challenges: gateways and operators have a message with a one-time password sent, or a question put to an OCRA token.
// Towards gateways all that could tell something about a user is one refusal, as it is when passwords are verified.

#include "adapters/commands/attempt_limits.h"
#include "adapters/commands/refusal_log.h"
#include "adapters/http/api/challenge_fields.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class Challenges {
 public:
  /// `sources`: how many challenges a source gets a minute.
  Challenges(Reads& reads, Writes& writes, MessageWays ways, const domain::MessageLimits& limits,
             commands::AttemptLimits& sources, commands::RefusalLog& refusals)
      : reads_(reads),
        writes_(writes),
        ways_(std::move(ways)),
        limits_(limits),
        sources_(sources),
        refusals_(refusals) {}

  boost::asio::awaitable<Response> issue(Exchange& exchange);

 private:
  struct Wanted;
  struct Chosen;
  std::optional<Problem> over_the_limit(const Exchange& exchange);
  Chosen choose(const Caller& caller, const Wanted& wanted) const;
  std::optional<Problem> prepare(const Caller& caller, const Wanted& wanted, const Chosen& chosen,
                                 domain::IssueChallenge& command) const;
  Problem refused(Exchange& exchange, const domain::Refusal& refusal, domain::UserId user);
  void count(Exchange& exchange, domain::Reason reason, domain::UserId user);

  Reads& reads_;
  Writes& writes_;
  const MessageWays ways_;
  const domain::MessageLimits limits_;
  commands::AttemptLimits& sources_;
  commands::RefusalLog& refusals_;
};

}  // namespace countersign::http
