#pragma once
// Keyed digests by which secrets and addresses are found without being stored: HMAC-SHA-256 under the look-up key over
//
//   kind (1) | 1 and account id (16), or 0 | text
//
// so that the same text of two kinds or two accounts has two unrelated digests.
// Concurrency: any thread; the key's precomputed states are copied once per thread (about 0.5 us a digest afterwards).

#include <initializer_list>
#include <optional>
#include <string_view>

#include "adapters/keys/secret_key.h"
#include "domain/ids.h"

namespace countersign::keys {

/// The numbers stand in logs: never change one, never use one again.
enum class LookupKind : std::uint8_t {
  registration_code = 1,
  access_token = 2,
  api_key = 3,
  activation_ticket = 4,
  root_key = 5,
  email = 6,
  login_name = 7,
  source_address = 8,
  idempotency_key = 9,
  idempotency_body = 10,
  device_serial = 11,
  page_cursor = 12,
  profile_content = 13,
  idempotency_seal = 14,
  destination_content = 15,
  authenticator_content = 16,
  licence_serial = 17,
  device_code = 18,
  hardware_token_serial = 25,
  hardware_token_content = 26,
};

class Lookup {
 public:
  explicit Lookup(const Key& lookup_key);

  domain::Digest digest(LookupKind kind, std::string_view text) const;
  /// Of a text in pieces: the same as of all of them in one.
  domain::Digest digest(LookupKind kind, std::initializer_list<std::string_view> pieces) const;
  domain::Digest digest(LookupKind kind, domain::AccountId account, std::string_view text) const;

 private:
  domain::Digest digest_of(LookupKind kind, const domain::AccountId* account,
                           std::initializer_list<std::string_view> pieces) const;

  Key key_;
  std::uint64_t serial_;  ///< tells this object's per-thread states from a former object's
};

}  // namespace countersign::keys
