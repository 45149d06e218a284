#pragma once
// What the SMS gateway tells of messages that it has taken. It shows the secret that settings name, as a bearer token
// or as the password of basic credentials; whoever else comes learns nothing. Kannel reports by GET.

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/messages/settings.h"

namespace countersign::http {

class DeliveryReports {
 public:
  DeliveryReports(Reads& reads, Writes& writes, messages::ReportSettings settings)
      : reads_(reads), writes_(writes), settings_(std::move(settings)) {}

  /// 204 for what is understood, whether or not anything follows from it.
  boost::asio::awaitable<Response> take(Exchange& exchange);

 private:
  bool is_genuine(const Exchange& exchange) const;
  messages::ParsedReport read(const Exchange& exchange) const;

  Reads& reads_;
  Writes& writes_;
  const messages::ReportSettings settings_;
};

}  // namespace countersign::http
