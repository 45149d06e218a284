#include "adapters/outbox/address_of.h"

#include <algorithm>

namespace countersign::outbox {

const std::string& address_of(const domain::Personal& profile, domain::Channel channel) {
  static const std::string none;
  if (channel == domain::Channel::sms) return profile.phone;
  return channel == domain::Channel::email ? profile.email : none;
}

std::string masked_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return "***";
  // One or two characters, never half of a UTF-8 sequence, and never all of them.
  const auto shown = std::min<std::size_t>(2, at / 2);
  const auto plain = [](char letter) { return static_cast<unsigned char>(letter) < 0x80; };
  const bool ascii = std::ranges::all_of(address.substr(0, shown), plain);
  return std::string(address.substr(0, ascii ? shown : 0)) + "***" + std::string(address.substr(at));
}

}  // namespace countersign::outbox
