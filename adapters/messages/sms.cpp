#include "adapters/messages/sms.h"

#include <stdexcept>

#include "adapters/messages/connection.h"
#include "adapters/messages/phone_number.h"
#include "adapters/messages/sms_segments.h"
#include "adapters/push/carriers.h"

namespace countersign::messages {
namespace {

class Sms : public Transport {
 public:
  Sms(SmsGateway gateway, push::EgressRules rules, const TransportLimits& limits)
      : gateway_(std::move(gateway)),
        url_(push::parse_webhook_url(gateway_.url)),
        rules_(std::move(rules)),
        limits_(limits) {}

  Result send(const Message& message, std::stop_token stop) override {
    if (auto flaw = messages::flaw_in(message); !flaw.empty()) return Refused{std::move(flaw)};
    const auto number = normalise_number(message.to);
    if (!number.error.empty()) return Refused{"the number is refused: " + number.error};
    if (const auto size = sms_size(message.text); size.segments > most_sms_segments)
      return Refused{"the text takes " + std::to_string(size.segments) + " segments, and 10 are the most"};
    auto normal = message;
    normal.to = number.text;
    return ask(request_of(gateway_, normal), std::move(stop));
  }

 private:
  Result ask(const HttpRequest& request, std::stop_token stop) const {
    Connection connection(rules_, limits_, std::move(stop));
    const ConnectionTarget target{.host = url_.host,
                                  .port = url_.port,
                                  .tls = url_.tls ? ConnectionTls::from_the_start : ConnectionTls::none,
                                  .authorities = gateway_.authorities};
    if (auto error = connection.open(target); !error.empty()) return Later{std::move(error), {}};
    auto got = exchange(connection, url_.authority, request);
    if (auto* later = std::get_if<Later>(&got)) return std::move(*later);
    if (auto* unknown = std::get_if<Unknown>(&got)) return std::move(*unknown);
    return outcome_of(gateway_, std::get<GatewayAnswer>(got));
  }

  const SmsGateway gateway_;
  const push::WebhookUrl url_;
  const push::EgressRules rules_;
  const TransportLimits limits_;
};

}  // namespace

std::unique_ptr<Transport> make_sms(SmsGateway gateway, push::EgressRules rules, const TransportLimits& limits) {
  if (auto flaw = flaw_in(gateway); !flaw.field.empty()) throw std::invalid_argument(flaw.field + ": " + flaw.text);
  return std::make_unique<Sms>(std::move(gateway), std::move(rules), limits);
}

}  // namespace countersign::messages
