#pragma once
// Hardware tokens: a stock that imports fill, from which tokens are assigned to users (domain/hardware_token.h). A
// token is named by its id, by that of the authenticator that it is or becomes, or by its serial number.

#include <atomic>

#include "adapters/http/api/authenticators.h"
#include "adapters/operations/operations.h"
#include "domain/hardware_token.h"

namespace countersign::http {

class HardwareTokens {
 public:
  HardwareTokens(Reads& reads, Writes& writes, Authenticators& authenticators, keys::KeyStore& keys,
                 operations::Operations& operations)
      : reads_(reads), writes_(writes), authenticators_(authenticators), keys_(keys), operations_(operations) {}

  boost::asio::awaitable<Response> import(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> assign(Exchange& exchange);
  boost::asio::awaitable<Response> unassign(Exchange& exchange);
  boost::asio::awaitable<Response> retire(Exchange& exchange);
  boost::asio::awaitable<Response> remove(Exchange& exchange);

 private:
  std::shared_ptr<const domain::HardwareToken> named(domain::AccountId account, std::string_view name) const;
  std::shared_ptr<const domain::HardwareToken> named_in(const Exchange& exchange) const;

  Reads& reads_;
  Writes& writes_;
  Authenticators& authenticators_;
  keys::KeyStore& keys_;
  operations::Operations& operations_;
  std::atomic<int> uploads_ = 0;
};

}  // namespace countersign::http
