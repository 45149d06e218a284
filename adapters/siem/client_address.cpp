#include "adapters/siem/client_address.h"

#include <boost/asio/ip/address.hpp>

namespace countersign::siem {

AddressKind address_kind(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return AddressKind::none;  // a zone says nothing elsewhere
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  if (error) return AddressKind::none;
  return address.is_v4() ? AddressKind::ipv4 : AddressKind::ipv6;
}

}  // namespace countersign::siem
