#include "adapters/push/transport.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <stdexcept>

#include "adapters/push/carriers.h"
#include "adapters/push/trust.h"

namespace countersign::push {
namespace {

struct Named {
  Protocol protocol;
  std::string_view name;
  Guarantee guarantee;
};

constexpr std::array named{Named{Protocol::relp, "relp", Guarantee::at_least_once},
                           Named{Protocol::syslog_tls, "syslog_tls", Guarantee::rewinding},
                           Named{Protocol::syslog_tcp, "syslog_tcp", Guarantee::rewinding},
                           Named{Protocol::syslog_udp, "syslog_udp", Guarantee::best_effort},
                           Named{Protocol::webhook, "webhook", Guarantee::at_least_once}};

constexpr std::size_t most_host = 253, most_url = 2048, least_secret = 24, most_secret = 64;

const Named& row_of(Protocol protocol) {
  return *std::find_if(named.begin(), named.end(), [&](const Named& row) { return row.protocol == protocol; });
}

bool uses_tls(const Receiver& receiver) {
  switch (receiver.protocol) {
    case Protocol::relp: return receiver.tls;
    case Protocol::syslog_tls: return true;
    case Protocol::webhook: return parse_webhook_url(receiver.url).tls;
    default: return false;
  }
}

void check(const Receiver& receiver) {
  if (receiver.protocol == Protocol::webhook) {
    if (!receiver.host.empty()) throw ReceiverFlaw{"host", "a webhook has a url instead"};
    parse_webhook_url(receiver.url);
    if (receiver.signing_secret.size() < least_secret || receiver.signing_secret.size() > most_secret)
      throw ReceiverFlaw{"signing_secret", "24 to 64 bytes are expected"};
  } else {
    if (!is_host(receiver.host)) throw ReceiverFlaw{"host", "a host's name or address is expected"};
    if (!receiver.url.empty()) throw ReceiverFlaw{"url", "only a webhook has a url"};
    if (!receiver.signing_secret.empty()) throw ReceiverFlaw{"signing_secret", "only what a webhook gets is signed"};
  }
  if (receiver.tls && receiver.protocol != Protocol::relp && !uses_tls(receiver))
    throw ReceiverFlaw{"tls", "this protocol has no TLS; syslog_tls and https have"};
  const bool has_certificate = !receiver.client_certificate.empty();
  if (has_certificate != !receiver.client_key.empty())
    throw ReceiverFlaw{has_certificate ? "client_key" : "client_certificate",
                       "a client certificate and its key go together"};
  if (uses_tls(receiver)) {
    trust_of(receiver);
  } else if (has_certificate || !receiver.authorities.empty()) {
    throw ReceiverFlaw{has_certificate ? "client_certificate" : "authorities", "there is no TLS to use it in"};
  }
}

}  // namespace

bool is_address(std::string_view host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

bool is_host(std::string_view host) {
  if (is_address(host)) return true;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !host.empty() && host.size() <= most_host && std::all_of(host.begin(), host.end(), allowed) &&
         host.front() != '.' && host.front() != '-' && host.find("..") == host.npos;
}

bool is_loopback(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

std::string_view protocol_name(Protocol protocol) {
  return row_of(protocol).name;
}

std::optional<Protocol> parse_protocol(std::string_view name) {
  for (const auto& row : named)
    if (row.name == name) return row.protocol;
  return std::nullopt;
}

Guarantee guarantee_of(Protocol protocol) {
  return row_of(protocol).guarantee;
}

std::uint16_t port_of(const Receiver& receiver) {
  if (receiver.port != 0) return receiver.port;
  if (receiver.protocol == Protocol::relp) return 2514;
  return receiver.protocol == Protocol::syslog_tls ? 6514 : 514;
}

WebhookUrl parse_webhook_url(const std::string& url) {
  const auto flaw = [](std::string text) { return ReceiverFlaw{"url", std::move(text)}; };
  if (url.size() > most_url) throw flaw("at most 2048 characters are expected");
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || (parsed->scheme() != "https" && parsed->scheme() != "http"))
    throw flaw("an https:// address is expected");
  // A URL stands in answers, events and logs: what is secret doesn't belong into it.
  if (parsed->has_userinfo()) throw flaw("a user or password in it would be seen by others");
  if (parsed->has_fragment()) throw flaw("a fragment is never sent");
  WebhookUrl parts;
  parts.host = parsed->host_address();
  parts.tls = parsed->scheme() == "https";
  if (!is_host(parts.host)) throw flaw("the host in it is no name and no address");
  if (!parts.tls && !is_loopback(parts.host)) throw flaw("http:// is for this machine only; https:// is expected");
  if (parsed->has_port() && parsed->port_number() == 0) throw flaw("the port in it is no port");
  parts.port = parsed->has_port() ? parsed->port_number() : parts.tls ? 443 : 80;
  parts.authority = parsed->encoded_host_and_port();
  parts.target = parsed->encoded_target();
  if (parts.target.empty() || parts.target.front() != '/') parts.target.insert(0, 1, '/');
  return parts;
}

std::optional<ReceiverFlaw> flaw_in(const Receiver& receiver) {
  try {
    check(receiver);
    return std::nullopt;
  } catch (const ReceiverFlaw& flaw) {
    return flaw;
  }
}

std::unique_ptr<Transport> make_transport(boost::asio::any_io_executor executor, Receiver receiver, EgressRules rules,
                                          const TransportLimits& limits) {
  if (const auto flaw = flaw_in(receiver)) throw std::invalid_argument(flaw->field + ": " + flaw->text);
  Setup setup{std::move(executor), std::move(receiver), std::move(rules), limits};
  switch (setup.receiver.protocol) {
    case Protocol::relp: return make_relp(std::move(setup));
    case Protocol::syslog_udp: return make_syslog_udp(std::move(setup));
    case Protocol::webhook: return make_webhook(std::move(setup));
    default: return make_syslog(std::move(setup));
  }
}

}  // namespace countersign::push
