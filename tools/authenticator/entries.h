#pragma once
// What a software device has: authenticators, and registrations that are under way.

#include <string>
#include <vector>

#include "adapters/offline/ceremony.h"
#include "domain/authenticator.h"

namespace countersign::authenticator {

struct Entry {
  std::string serial_number;
  std::string account, user;  ///< as the pictures named them
  domain::AuthenticatorType type = domain::AuthenticatorType::totp;
  domain::OtpAlgorithm algorithm = domain::OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 0;   ///< seconds; 0: it counts events
  std::uint64_t counter = 0;  ///< the next password's
  std::string seed;
};

struct UnderWay {
  std::string first_message;  ///< bytes
  std::string secret;         ///< of the device's key
};

struct Entries {
  std::vector<Entry> entries;
  std::vector<UnderWay> under_way;

  /// By serial number; the only one there is without. Throws cli::LocalError that says which there are.
  Entry& named(const std::string& serial_number);
};

std::string encode(const Entries& entries);
/// Throws cli::LocalError.
Entries decode_entries(const std::string& contents);

}  // namespace countersign::authenticator
