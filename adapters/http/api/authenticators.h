#pragma once
// Authenticators: enrolled for users by operators, proven by their first one-time password, looked after until they
// are deleted. Seeds go out once, in the answer to the enrolment, and lie in the key store before the log names their
// authenticator. One-time passwords: verification.h.

#include "adapters/http/api/challenge_fields.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/otp/seeds.h"
#include "domain/found_authenticator.h"

namespace countersign::http {

inline constexpr std::size_t longest_comment = 1'000;

/// A keyed digest of name, comment, number and address, so that "unchanged" needs no key.
domain::Digest content_of(const keys::Lookup& lookup, domain::AccountId account, const domain::Personal& texts);

class Authenticators {
 public:
  Authenticators(Reads& reads, Writes& writes, otp::Seeds seeds, MessageWays ways)
      : reads_(reads), writes_(writes), seeds_(std::move(seeds)), ways_(std::move(ways)) {}

  boost::asio::awaitable<Response> enrol(Exchange& exchange);
  boost::asio::awaitable<Response> replace(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> list_of_user(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> update(Exchange& exchange);
  boost::asio::awaitable<Response> remove(Exchange& exchange);
  boost::asio::awaitable<Response> disable(Exchange& exchange) {
    return change(exchange, domain::AuthenticatorAction::disable);
  }
  boost::asio::awaitable<Response> enable(Exchange& exchange) {
    return change(exchange, domain::AuthenticatorAction::enable);
  }
  boost::asio::awaitable<Response> retire(Exchange& exchange) {
    return change(exchange, domain::AuthenticatorAction::retire);
  }
  boost::asio::awaitable<Response> report_compromised(Exchange& exchange) {
    return change(exchange, domain::AuthenticatorAction::report_compromised);
  }
  boost::asio::awaitable<Response> unlock(Exchange& exchange);

  /// What can't be destroyed now is destroyed later: no authenticator has it. A hardware token that is in stock again
  /// keeps its own.
  boost::asio::awaitable<void> destroy_seed(domain::AccountId account, domain::AuthenticatorId id);

  using Found = domain::FoundAuthenticator;
  commands::Answer answer(std::uint16_t status, domain::AccountId account, domain::AuthenticatorId id,
                          const domain::State& state) const;

 private:
  struct Wanted;
  boost::asio::awaitable<Response> enrol(Exchange& exchange, std::shared_ptr<Wanted> wanted);
  boost::asio::awaitable<Response> change(Exchange& exchange, domain::AuthenticatorAction action);
  boost::json::object render(const Found& found, domain::AccountId account, const domain::State& state) const;

  Reads& reads_;
  Writes& writes_;
  otp::Seeds seeds_;
  const MessageWays ways_;
};

}  // namespace countersign::http
