#pragma once
// Seeds of authenticators, in the key store under the authenticator's id. A seed is sealed by a key of its own that is
// derived from its user's and from the look-up key. Without the former, after an erasure, it can't be opened any more,
// whatever is left of it; the latter no auditor gets, whose account's key opens everything else of the account.
// Hardware tokens outlive their users: their seeds' keys are derived from their account's.
//
// Concurrency: any thread; each call may wait for a disk, and in a cluster for the topic of the keys.

#include <functional>

#include "adapters/keys/key_store.h"
#include "domain/authenticator.h"

namespace countersign::otp {

struct SeedName {
  domain::AccountId account;
  domain::UserId user;  ///< nil: of a hardware token
  domain::AuthenticatorId authenticator;
};
SeedName seed_name(domain::AccountId account, domain::UserId user, const domain::Authenticator& authenticator);

class Seeds {
 public:
  /// Who sees to it that a seed goes which couldn't be destroyed at once.
  using Later = std::function<void(domain::AccountId, domain::AuthenticatorId)>;
  explicit Seeds(keys::KeyStore& keys, Later later = {}) : keys_(keys), later_(std::move(later)) {}

  /// Durable when it returns. The user's key is there already.
  boost::system::error_code keep(const SeedName& name, std::string_view seed);
  /// Those of hardware tokens, in one durable write.
  struct TokenSeed {
    domain::AuthenticatorId authenticator;
    std::string_view seed;
  };
  boost::system::error_code keep(domain::AccountId account, std::span<const TokenSeed> seeds);
  /// Nothing when it was destroyed, or its user was erased.
  boost::system::result<std::optional<std::string>> open(const SeedName& name);
  /// Takes as long as open() does beside its look-ups: for who must not learn that there is nothing to open.
  void pretend_to_open() const;
  /// Afterwards it is in no file of the key store any more; on an error it is up to who does it later.
  boost::system::error_code destroy(domain::AccountId account, domain::AuthenticatorId authenticator);
  boost::system::error_code destroy(domain::AccountId account, std::span<const domain::AuthenticatorId> authenticators);

 private:
  boost::system::result<std::optional<keys::NamedKey>> key_of(const SeedName& name);
  keys::NamedKey key_from(std::string_view subject, domain::AuthenticatorId authenticator) const;
  keys::KeyStore& keys_;
  Later later_;
};

}  // namespace countersign::otp
