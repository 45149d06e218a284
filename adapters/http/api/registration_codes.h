#pragma once
// Registration codes as administrators and the help desk see them: generate, list, download, explain, revoke.

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/operations/operations.h"

namespace countersign::http {

class RegistrationCodes {
 public:
  RegistrationCodes(Reads& reads, Writes& writes, operations::Operations& operations)
      : reads_(reads), writes_(writes), operations_(operations) {}

  boost::asio::awaitable<Response> generate(Exchange& exchange);
  boost::asio::awaitable<Response> generate_for_new_users(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> get(Exchange& exchange);
  boost::asio::awaitable<Response> download(Exchange& exchange);
  boost::asio::awaitable<Response> lookup(Exchange& exchange);
  boost::asio::awaitable<Response> revoke(Exchange& exchange);

 private:
  Reads& reads_;
  Writes& writes_;
  operations::Operations& operations_;
};

}  // namespace countersign::http
