#pragma once
// The keyed digest that stands in events for a source address. An IPv6 /64 is one source, as it is for the limits; a
// mapped IPv4 address is the IPv4 address.

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/keys/lookup.h"

namespace countersign::queries {

using SourceDigest = std::array<std::uint8_t, 16>;

SourceDigest source_digest(const keys::Lookup& lookup, const boost::asio::ip::address& address);
/// Nothing when the text is no address.
std::optional<SourceDigest> source_digest(const keys::Lookup& lookup, std::string_view text);

}  // namespace countersign::queries
