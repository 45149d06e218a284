#pragma once
// One outgoing connection of libcurl, blocking: opened to an address that passes the egress rules, with TLS, and with
// SMTP also STARTTLS and the login. What is said on it after that is the caller's, because a message's fate depends on
// what exactly has been handed to the system, which libcurl's own transfers don't tell.
//
// TLS 1.2 at least, the other's certificate and name always checked. No proxy, no redirect, nothing from the
// environment. Every wait ends at the limits, or when `stop` is requested. Errors are texts for an operator, without
// secrets.
//
// Concurrency: one thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/messages/transport.h"
#include "adapters/push/egress.h"

namespace countersign::messages {

enum class ConnectionTls {
  from_the_start,  ///< smtps, https
  starttls,        ///< of SMTP: without it nothing is sent
  none             ///< addresses of loopback only
};

struct ConnectionTarget {
  bool smtp = false;  ///< else HTTP
  std::string host;   ///< name or address
  std::uint16_t port = 0;
  ConnectionTls tls = ConnectionTls::from_the_start;
  std::string authorities;     ///< PEM; empty: the system's
  std::string ehlo_name;       ///< of SMTP
  std::string user, password;  ///< of SMTP: PLAIN or LOGIN; empty: no login
};

class Connection {
 public:
  Connection(push::EgressRules rules, TransportLimits limits, std::stop_token stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Empty once open; with SMTP the next thing to say is MAIL FROM. Nothing but greetings and the login has been sent.
  std::string open(const ConnectionTarget& target);

  /// Empty: the system has taken every byte. Else why not, and the other side can't have got the last one: if it was
  /// inside TLS, not the last record.
  std::string write(std::string_view bytes);

  struct Got {
    std::string bytes;
    std::string error;   ///< empty: something came
    bool ended = false;  ///< the other side has closed
  };
  Got read_some();

  /// From now on no more than this is left of the whole time.
  void hurry(std::chrono::milliseconds left);

  /// Of SMTP: whether the last EHLO was answered with this extension, such as "SMTPUTF8".
  bool offers(std::string_view extension) const;

 private:
  struct Curl;
  std::string wait_for(short events);
  std::unique_ptr<Curl> curl_;
};

}  // namespace countersign::messages
