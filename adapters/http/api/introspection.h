#pragma once
// What gateways ask thousands of times a second: RFC 7662 introspection, and RFC 7009 revocation by the bearer.

#include "adapters/commands/session_activity.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class Introspection {
 public:
  Introspection(Reads& reads, Writes& writes, commands::SessionActivity& activity)
      : reads_(reads), writes_(writes), activity_(activity) {}

  Response introspect(Exchange& exchange);
  boost::asio::awaitable<Response> revoke(Exchange& exchange);

 private:
  Reads& reads_;
  Writes& writes_;
  commands::SessionActivity& activity_;
};

}  // namespace countersign::http
