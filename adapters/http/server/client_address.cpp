#include "adapters/http/server/client_address.h"

#include <charconv>
#include <stdexcept>

namespace countersign::http {
namespace ip = boost::asio::ip;
namespace {

// Everything is compared as IPv6, IPv4 in its mapped form.
ip::address_v6 as_v6(const ip::address& address) {
  return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

bool same_prefix(const ip::address_v6& a, const ip::address_v6& b, unsigned bits) {
  const auto left = a.to_bytes(), right = b.to_bytes();
  for (unsigned i = 0; i < bits / 8; ++i) {
    if (left[i] != right[i]) return false;
  }
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xffu << (8 - bits % 8);
  return ((left[bits / 8] ^ right[bits / 8]) & mask & 0xff) == 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& cidrs) {
  for (const std::string& cidr : cidrs) {
    const std::size_t slash = cidr.find('/');
    boost::system::error_code error;
    const auto address = ip::make_address(cidr.substr(0, slash), error);
    unsigned bits = address.is_v4() ? 32 : 128;
    const unsigned most = bits;
    bool ok = !error;
    if (ok && slash != std::string::npos) {
      const char* const end = cidr.data() + cidr.size();
      const auto parsed = std::from_chars(cidr.data() + slash + 1, end, bits);
      ok = parsed.ec == std::errc() && parsed.ptr == end && bits <= most;
    }
    if (!ok) throw std::invalid_argument("trusted_proxies: \"" + cidr + "\" is not an address or CIDR");
    networks_.push_back({as_v6(address), bits + (address.is_v4() ? 96 : 0)});
  }
}

bool TrustedProxies::contains(const ip::address& address) const {
  const auto v6 = as_v6(address);
  for (const Network& network : networks_) {
    if (same_prefix(network.prefix, v6, network.bits)) return true;
  }
  return false;
}

ip::address TrustedProxies::client_of(const ip::address& peer, const Request& request) const {
  ip::address client = peer;
  // Several headers of that name are one list (RFC 9110 section 5.3), so the last header's end comes first here.
  for (std::size_t i = request.headers.size(); i > 0 && contains(client); --i) {
    const HeaderField& field = request.headers[i - 1];
    if (!equal_ignoring_case(field.name, "X-Forwarded-For")) continue;
    std::string_view rest = field.value;
    while (contains(client)) {
      const std::size_t comma = rest.rfind(',');
      const std::string_view last = trim(comma == rest.npos ? rest : rest.substr(comma + 1));
      boost::system::error_code error;
      const auto named = ip::make_address(std::string(last), error);
      if (error) return client;
      client = unmapped(named);
      if (comma == rest.npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace countersign::http
