#pragma once
// To which addresses the server may open connections by itself. Receivers are named by administrators of accounts, who
// are not the machine's operators: what only this machine or its network can reach is refused unless the operator's
// `egress.allow` lists it (OWASP, Server Side Request Forgery Prevention).
//
// Refused by default: unspecified, loopback, private, shared (RFC 6598), link-local, unique local, multicast, reserved,
// documentation and benchmarking addresses (IANA special-purpose registries, RFC 6890), also as IPv4 inside IPv6.

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::push {

class EgressRules {
 public:
  /// Nothing special is allowed.
  EgressRules() = default;
  /// Each an address or a network: "10.1.2.3", "10.0.0.0/8", "fd00::/8". Throws std::invalid_argument naming the one
  /// that is neither.
  explicit EgressRules(const std::vector<std::string>& allow);

  bool allows(const boost::asio::ip::address& address) const;
  /// "10.1.2.3 is a private address, which egress.allow does not list".
  static std::string refusal_of(const boost::asio::ip::address& address);

 private:
  std::vector<std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6>> allowed_;
};

}  // namespace countersign::push
