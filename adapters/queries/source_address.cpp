#include "adapters/queries/source_address.h"

#include <algorithm>

namespace countersign::queries {

SourceDigest source_digest(const keys::Lookup& lookup, const boost::asio::ip::address& address) {
  std::string text;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    text = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string();
  } else if (address.is_v6()) {
    const auto bytes = address.to_v6().to_bytes();
    text.assign(bytes.begin(), bytes.begin() + 8);
  } else {
    text = address.to_string();
  }
  const auto digest = lookup.digest(keys::LookupKind::source_address, text);
  SourceDigest source;
  std::copy_n(digest.begin(), source.size(), source.begin());
  return source;
}

std::optional<SourceDigest> source_digest(const keys::Lookup& lookup, std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(text), error);
  return error ? std::nullopt : std::optional(source_digest(lookup, address));
}

}  // namespace countersign::queries
