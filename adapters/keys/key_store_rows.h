#pragma once
// The names of the key store's rows, and what tells a wrong master key. Internal to adapters/keys.

#include <string>
#include <string_view>

#include "adapters/keys/key_cache.h"
#include "adapters/keys/secret_key.h"
#include "bus/hash.h"

namespace countersign::keys {

// Rows, told apart by their first letter: format, cluster keys, account keys, subject keys, erasures under way.
inline constexpr std::string_view format_row = "f", format = "1";
inline constexpr std::string_view check_row = "c/check", lookup_row = "c/look-up", log_row = "c/log",
                                  signing_row = "c/signing";
inline constexpr char account_letter = 'a', subject_letter = 's', erasing_letter = 'e';
inline constexpr std::string_view former_signing_rows = "c/signing-before/";

/// In the order of their time.
inline std::string former_signing_row(std::size_t number) {
  auto digits = std::to_string(number);
  return std::string(former_signing_rows) + std::string(6 - digits.size(), '0') + digits;
}
inline std::string account_row(domain::AccountId account) {
  return account_letter + std::string(account.uuid.view());
}
inline std::string subject_row(const Subject& subject) {
  std::string row(1, subject_letter);
  row.append(subject.account.uuid.view()).append(subject.user.uuid.view());
  return row;
}

/// Wrapped, it tells a wrong master key.
inline NamedKey known_constant() {
  return {KeyId{}, Key(bus::sha256("countersign key store"))};
}

}  // namespace countersign::keys
