#pragma once
// One-time passwords: gateways verify them, operators test, confirm and reset authenticators by them.
//
// Here seeds are opened and passwords compared; whether a counter that was found may be used is decided in the log's
// order (domain/authenticator.h), so that none is accepted twice. Whatever is wrong, the answer is the same, and the
// same is computed for it.

#include "adapters/commands/refusal_log.h"
#include "adapters/http/api/authenticators.h"
#include "adapters/otp/otp.h"

namespace countersign::http {

class Verification {
 public:
  Verification(Reads& reads, Writes& writes, Authenticators& authenticators, otp::Seeds seeds,
               commands::RefusalLog& refusals)
      : reads_(reads), writes_(writes), authenticators_(authenticators), seeds_(seeds), refusals_(refusals) {}

  boost::asio::awaitable<Response> verify(Exchange& exchange);
  boost::asio::awaitable<Response> test(Exchange& exchange);
  boost::asio::awaitable<Response> confirm(Exchange& exchange);
  /// By two passwords in a row.
  boost::asio::awaitable<Response> reset(Exchange& exchange);

 private:
  struct Attempt;
  using Render = std::function<commands::Answer(const domain::OtpUsed&, const domain::State&)>;
  boost::asio::awaitable<Response> use(Exchange& exchange, std::shared_ptr<const Attempt> attempt, Render render,
                                       std::shared_ptr<domain::OtpUsed> used);
  boost::asio::awaitable<Response> of_operator(Exchange& exchange, domain::OtpFlow flow);
  static std::optional<otp::Match> match(const domain::Authenticator& authenticator, std::string_view seed,
                                         const Attempt& attempt, domain::UnixMs now);
  std::optional<otp::Match> match_challenge(const domain::Authenticator& authenticator, std::string_view seed,
                                            const Attempt& attempt, domain::UnixMs now) const;
  boost::system::error_code compare(const Attempt& attempt, domain::UseOtp& command) const;
  void count(Exchange& exchange, domain::Reason reason, domain::UserId user);

  Reads& reads_;
  Writes& writes_;
  Authenticators& authenticators_;
  mutable otp::Seeds seeds_;
  commands::RefusalLog& refusals_;
};

}  // namespace countersign::http
