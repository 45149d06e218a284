#pragma once
// Registrations of devices that have no network (docs/offline-activation.md), with the names and the camelCase that
// integrators of such devices know. Secrets lie in the key store under the authenticator's id before the log names it:
// the registration's 32 bytes, and behind them, once the device has proven itself, the seed.

#include "adapters/http/api/authenticators.h"
#include "adapters/offline/ceremony.h"

namespace countersign::http {

class Registrations {
 public:
  Registrations(Reads& reads, Writes& writes, Authenticators& authenticators, otp::Seeds seeds)
      : reads_(reads), writes_(writes), authenticators_(authenticators), seeds_(std::move(seeds)) {}

  boost::asio::awaitable<Response> begin(Exchange& exchange);
  /// The same, with the licence's serial number in the path.
  boost::asio::awaitable<Response> begin_with_serial(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> add_device(Exchange& exchange);
  boost::asio::awaitable<Response> activate(Exchange& exchange);
  boost::asio::awaitable<Response> cancel(Exchange& exchange);

 private:
  struct Wanted;
  struct Step;
  using Found = domain::FoundAuthenticator;
  std::optional<Found> find(const Exchange& exchange) const;
  std::shared_ptr<const domain::Licence> licence_of(domain::AccountId account, const Found& found) const;
  boost::asio::awaitable<Response> begin(Exchange& exchange, std::shared_ptr<Wanted> wanted);
  offline::FirstMessage first_message(domain::AccountId account, const Wanted& wanted,
                                      domain::AuthenticatorId id) const;
  /// What is wrong with the request or the code; nothing: `step` is ready.
  std::optional<Problem> prepare(const Exchange& exchange, const std::string& code, Step& step) const;
  boost::asio::awaitable<boost::system::error_code> agree(std::shared_ptr<Step> step);

  Reads& reads_;
  Writes& writes_;
  Authenticators& authenticators_;
  otp::Seeds seeds_;
};

}  // namespace countersign::http
