#pragma once
// The transports there are, each in a file of its own. make_transport() chooses.

#include <memory>

#include "adapters/push/transport.h"

namespace countersign::push {

struct Setup {
  boost::asio::any_io_executor executor;
  Receiver receiver;
  EgressRules rules;
  TransportLimits limits;
};

std::unique_ptr<Transport> make_relp(Setup setup);
/// Over TCP, or TLS.
std::unique_ptr<Transport> make_syslog(Setup setup);
std::unique_ptr<Transport> make_syslog_udp(Setup setup);
std::unique_ptr<Transport> make_webhook(Setup setup);

/// The port that is meant when none is given: 2514 RELP (rsyslog's documentation), 6514 syslog over TLS (RFC 5425), 514
/// else (RFC 5426).
std::uint16_t port_of(const Receiver& receiver);

/// A name (RFC 1123, with the underscore that is met in practice) or an address.
bool is_host(std::string_view host);
bool is_address(std::string_view host);
/// This machine's own name or address.
bool is_loopback(const std::string& host);

/// A webhook's URL in its parts.
struct WebhookUrl {
  std::string host;       ///< without the brackets of an IPv6 address
  std::string authority;  ///< for the Host field
  std::string target;     ///< path and query
  std::uint16_t port = 0;
  bool tls = false;
};
/// Throws ReceiverFlaw.
WebhookUrl parse_webhook_url(const std::string& url);

}  // namespace countersign::push
