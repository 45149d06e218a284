#include "adapters/push/egress.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace countersign::push {
namespace ip = boost::asio::ip;
namespace {

struct Special {
  const char* network;
  const char* what;
};

// IANA IPv4 Special-Purpose Address Registry, and what multicast and the old class E take.
constexpr std::array special_4{
    Special{"0.0.0.0/8", "an unspecified"},       Special{"10.0.0.0/8", "a private"},
    Special{"100.64.0.0/10", "a shared"},         Special{"127.0.0.0/8", "a loopback"},
    Special{"169.254.0.0/16", "a link-local"},    Special{"172.16.0.0/12", "a private"},
    Special{"192.0.0.0/24", "a reserved"},        Special{"192.0.2.0/24", "a documentation"},
    Special{"192.88.99.0/24", "a reserved"},      Special{"192.168.0.0/16", "a private"},
    Special{"198.18.0.0/15", "a benchmarking"},   Special{"198.51.100.0/24", "a documentation"},
    Special{"203.0.113.0/24", "a documentation"}, Special{"224.0.0.0/4", "a multicast"},
    Special{"240.0.0.0/4", "a reserved"}};

// Of IPv6 only 2000::/3 is given out; within it these are not for the public.
constexpr std::array special_6{Special{"2001::/23", "a reserved"}, Special{"2001:db8::/32", "a documentation"},
                               Special{"3fff::/20", "a documentation"}};

bool within(const ip::address_v4& address, const ip::network_v4& network) {
  return (address.to_uint() & network.netmask().to_uint()) == network.network().to_uint();
}

bool within(const ip::address_v6& address, const ip::network_v6& network) {
  return ip::network_v6(address, network.prefix_length()).network() == network.network();
}

/// The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
std::optional<ip::address_v4> embedded(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto from = [&](std::size_t at) {
    return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
  };
  const auto zero = [&](std::size_t begin, std::size_t end) {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                       bytes.begin() + static_cast<std::ptrdiff_t>(end), [](unsigned char byte) { return byte == 0; });
  };
  if (zero(0, 10) && bytes[10] == 0xff && bytes[11] == 0xff) return from(12);
  if (zero(0, 12) && !zero(12, 15)) return from(12);
  if (bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b && zero(4, 12)) return from(12);
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return from(2);
  return std::nullopt;
}

/// What the address is, when it is not one of the public internet.
const char* special(const ip::address_v4& address) {
  for (const auto& range : special_4)
    if (within(address, ip::make_network_v4(range.network))) return range.what;
  return nullptr;
}

const char* special(const ip::address_v6& address) {
  if (address.is_unspecified()) return "an unspecified";
  if (address.is_loopback()) return "a loopback";
  if (const auto inner = embedded(address)) return special(*inner);
  if (address.is_link_local()) return "a link-local";
  if (address.is_multicast()) return "a multicast";
  const unsigned char first = address.to_bytes()[0];
  if ((first & 0xfe) == 0xfc) return "a unique local";
  if ((first & 0xe0) != 0x20) return "a reserved";
  for (const auto& range : special_6)
    if (within(address, ip::make_network_v6(range.network))) return range.what;
  return nullptr;
}

const char* special(const ip::address& address) {
  return address.is_v4() ? special(address.to_v4()) : special(address.to_v6());
}

}  // namespace

EgressRules::EgressRules(const std::vector<std::string>& allow) {
  for (const auto& text : allow) {
    boost::system::error_code error;
    const bool is_network = text.find('/') != std::string::npos;
    const auto address = ip::make_address(text.substr(0, text.find('/')), error);
    if (!error && address.is_v4()) {
      const auto network = is_network ? ip::make_network_v4(text, error) : ip::network_v4(address.to_v4(), 32);
      if (!error) allowed_.emplace_back(network.canonical());
    } else if (!error) {
      const auto network = is_network ? ip::make_network_v6(text, error) : ip::network_v6(address.to_v6(), 128);
      if (!error) allowed_.emplace_back(network.canonical());
    }
    if (error) throw std::invalid_argument(text + " is neither an address nor a network such as 10.0.0.0/8");
  }
}

bool EgressRules::allows(const ip::address& address) const {
  if (special(address) == nullptr) return true;
  const auto inner = address.is_v6() ? embedded(address.to_v6()) : std::nullopt;
  const auto lists = [&](const auto& network) {
    if constexpr (std::is_same_v<std::decay_t<decltype(network)>, ip::network_v4>)
      return address.is_v4() ? within(address.to_v4(), network) : inner && within(*inner, network);
    else
      return address.is_v6() && within(address.to_v6(), network);
  };
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const auto& network) { return std::visit(lists, network); });
}

std::string EgressRules::refusal_of(const ip::address& address) {
  const char* const what = special(address);
  return address.to_string() + " is " + (what ? what : "a public") + " address, which egress.allow does not list";
}

}  // namespace countersign::push
