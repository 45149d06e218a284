#pragma once
// What is sealed of a SIEM destination's configuration: where it is, whom to trust there, what is sent. In a Personal
// table it is the name and attributes, as a user's free fields are; what is empty is not there.

#include <string>

#include "domain/event.h"

namespace countersign::domain {

struct SiemConfiguration {
  std::string name;
  std::string host;        ///< of all but webhooks
  std::uint16_t port = 0;  ///< 0: the protocol's
  std::string url;         ///< of a webhook; may hold a secret of the receiver's in its path
  std::string filter;      ///< which events, in SCIM's grammar; empty: all
  std::string authorities, client_certificate;
  bool operator==(const SiemConfiguration&) const = default;

  /// The receiver without what may be a secret: "https://siem.example.com:8443", "siem.example.com:6514".
  std::string receiver() const;
};

Personal personal_of(const SiemConfiguration& configuration);
SiemConfiguration siem_configuration_of(const Personal& personal);

}  // namespace countersign::domain
