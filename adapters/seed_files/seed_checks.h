#pragma once
// The checks that a token from any kind of file has to pass, in the order in which they are reported.

#include "adapters/seed_files/seed_file_reader.h"

namespace countersign::seed_files {

/// What the row says, without blanks at the ends. Empty: nothing.
struct RawSeed {
  std::string serial, manufacturer, issuer, type, algorithm, digits, period, counter, suite, expiry;
};

/// Its seed is still missing.
std::variant<TokenSeed, RecordError> check_token(const RawSeed& raw);
/// Whether the bytes will do as a seed.
std::optional<RecordError> check_seed(const keys::SecretBytes& seed);

}  // namespace countersign::seed_files
