#pragma once
// Who is asking, when proxies stand between: X-Forwarded-For counts only as far as trusted proxies wrote it, read from
// its end. Trusted networks are CIDRs such as 10.0.0.0/8 or fd00::/8, or single addresses.

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/server/request.h"

namespace countersign::http {

class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Throws std::invalid_argument naming what is not a CIDR.
  explicit TrustedProxies(const std::vector<std::string>& cidrs);

  bool empty() const { return networks_.empty(); }
  bool contains(const boost::asio::ip::address& address) const;
  /// The first address from the end of X-Forwarded-For that is not a trusted proxy; the peer if it isn't trusted itself
  /// or the header is malformed there.
  boost::asio::ip::address client_of(const boost::asio::ip::address& peer, const Request& request) const;

 private:
  struct Network {
    boost::asio::ip::address_v6 prefix;
    unsigned bits;
  };
  std::vector<Network> networks_;
};

/// IPv4-mapped IPv6 addresses become IPv4.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

}  // namespace countersign::http
