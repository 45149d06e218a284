#pragma once
// Seeds of authenticators, in the key store under the authenticator's id. A seed is sealed by a key of its own that is
// derived from its user's and from the look-up key. Without the former, after an erasure, it can't be opened any more,
// whatever is left of it; the latter no auditor gets, whose account's key opens everything else of the account.
//
// Concurrency: any thread; each call may wait for a disk, and in a cluster for the topic of the keys.

#include "adapters/keys/key_store.h"

namespace countersign::otp {

struct SeedName {
  domain::AccountId account;
  domain::UserId user;
  domain::AuthenticatorId authenticator;
};

class Seeds {
 public:
  explicit Seeds(keys::KeyStore& keys) : keys_(keys) {}

  /// Durable when it returns. The user's key is there already.
  boost::system::error_code keep(const SeedName& name, std::string_view seed);
  /// Nothing when it was destroyed, or its user was erased.
  boost::system::result<std::optional<std::string>> open(const SeedName& name);
  /// Afterwards it is in no file of the key store any more.
  boost::system::error_code destroy(domain::AccountId account, domain::AuthenticatorId authenticator);

 private:
  boost::system::result<std::optional<keys::NamedKey>> key_of(const SeedName& name);
  keys::KeyStore& keys_;
};

}  // namespace countersign::otp
