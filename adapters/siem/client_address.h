#pragma once
// The kind of address in an event. Formats have fields that take addresses only (ip_t in OCSF, src and c6a2 in CEF, ip
// in ECS), and a receiver may drop a whole record whose field holds something else.

#include <string_view>

namespace countersign::siem {

enum class AddressKind { none, ipv4, ipv6 };
AddressKind address_kind(std::string_view text);

}  // namespace countersign::siem
