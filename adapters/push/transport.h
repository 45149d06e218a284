#pragma once
// What carries lines to a receiver: RELP, syslog over TLS, TCP or UDP, or a webhook. A transport knows one receiver and
// one connection to it; it keeps no cursor, remembers nothing of what it sent, and doesn't try again: whoever drives it
// does all that by what deliver() says.
//
// Names are resolved at each connect(), and every address goes through the egress rules (egress.h) before anything is
// sent to it. All waits are bounded by TransportLimits.
//
// Concurrency: one coroutine at a time, on the executor that it was made with.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "adapters/push/egress.h"
#include "domain/ids.h"

namespace countersign::push {

enum class Protocol { relp, syslog_tls, syslog_tcp, syslog_udp, webhook };

/// "relp", "syslog_tls", "syslog_tcp", "syslog_udp", "webhook".
std::string_view protocol_name(Protocol protocol);
std::optional<Protocol> parse_protocol(std::string_view name);

enum class Guarantee {
  at_least_once,  ///< the receiver acknowledges: RELP, webhook
  rewinding,      ///< nothing is acknowledged; each connection begins again a stated window before: syslog TLS and TCP
  best_effort     ///< UDP
};
Guarantee guarantee_of(Protocol protocol);

/// Where to, and what it takes. Certificates and keys are PEM.
struct Receiver {
  Protocol protocol = Protocol::webhook;
  std::string host;         ///< name or address; of a webhook: in `url`
  std::uint16_t port = 0;   ///< 0: 2514 RELP, 6514 TLS, 514 else
  std::string url;          ///< of a webhook: https://..., or http://... to loopback only
  bool tls = false;         ///< RELP inside TLS; syslog_tls and https always are
  std::string authorities;  ///< whom to trust; empty: the system's
  std::string client_certificate, client_key;
  std::string signing_secret;  ///< of a webhook: 24 to 64 raw bytes (Standard Webhooks)
  bool json = false;           ///< of a webhook: lines are JSON (application/x-ndjson), else text/plain
  std::string sender = "-";    ///< this server's name in the headers of syslog messages
};

/// What is wrong with a receiver that would be refused at once, without a connection: a bad URL, a key that isn't one,
/// a certificate without its key. Nothing when all is well. `field` is the name of Receiver's field.
struct ReceiverFlaw {
  std::string field, text;
};
std::optional<ReceiverFlaw> flaw_in(const Receiver& receiver);

/// One event on its way.
struct Message {
  std::string line;  ///< without its end; never empty, no line break
  std::string id;    ///< evt_...: the same for a repeat
  std::string type;
  std::uint64_t sequence = 0;
  domain::UnixMs time = 0;
  unsigned syslog_severity = 6;  ///< RFC 5424: 0 emergency to 7 debug
};

struct Delivery {
  /// Of the messages, from the first on: acknowledged (at_least_once), or handed to the system (else).
  std::size_t taken = 0;
  /// Empty: all of them were. Else why not, for an operator, without secrets; the connection is closed then.
  std::string error;
  /// The receiver asked for a pause.
  std::optional<std::chrono::seconds> retry_after;
};

struct TransportLimits {
  std::chrono::milliseconds connect{10'000};  ///< resolving, connecting, TLS and RELP's opening, each
  std::chrono::milliseconds silence{30'000};  ///< without a byte taken or an acknowledgement
  std::size_t window = 128;                   ///< RELP: messages without an acknowledgement
  std::size_t line_bytes = 64 * 1024;         ///< longer lines are cut for syslog and RELP, at a character's end
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Whether deliver() would use a connection that is there already. After a failed delivery: no.
  virtual bool connected() const = 0;
  /// Empty once connected; else why not. UDP and webhooks are "connected" when an address has passed the egress rules.
  virtual boost::asio::awaitable<std::string> connect() = 0;
  /// Needs connected(). Returns when all are taken or it can't go on. A webhook gets all messages as one request.
  virtual boost::asio::awaitable<Delivery> deliver(std::span<const Message> messages) = 0;
  /// At once, without goodbyes that could wait. From the executor.
  virtual void close() = 0;
};

/// Throws std::invalid_argument for what flaw_in() finds.
std::unique_ptr<Transport> make_transport(boost::asio::any_io_executor executor, Receiver receiver, EgressRules rules,
                                          const TransportLimits& limits = {});

}  // namespace countersign::push
