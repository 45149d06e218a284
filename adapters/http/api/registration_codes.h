#pragma once
// Registration codes as administrators and the help desk see them: generate, list, download, explain, revoke.

#include "adapters/http/api/reads.h"
#include "adapters/http/api/recent_refusals.h"
#include "adapters/http/api/writes.h"
#include "adapters/operations/operations.h"

namespace countersign::http {

class RegistrationCodes {
 public:
  RegistrationCodes(Reads& reads, Writes& writes, operations::Operations& operations, const RecentRefusals& refusals)
      : reads_(reads), writes_(writes), operations_(operations), refusals_(refusals) {}

  boost::asio::awaitable<Response> generate(Exchange& exchange);
  boost::asio::awaitable<Response> generate_for_new_users(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> get(Exchange& exchange);
  boost::asio::awaitable<Response> download(Exchange& exchange);
  boost::asio::awaitable<Response> lookup(Exchange& exchange);
  boost::asio::awaitable<Response> revoke(Exchange& exchange);

 private:
  RecentRefusals::Refused find_attempt(domain::AccountId account, const domain::Uuid& correlation) const;

  Reads& reads_;
  Writes& writes_;
  operations::Operations& operations_;
  const RecentRefusals& refusals_;
};

}  // namespace countersign::http
