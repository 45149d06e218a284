#pragma once
// An authenticator where only its id is known: with the user in whose row it is.

#include <memory>
#include <optional>

#include "domain/user.h"

namespace countersign::domain {

struct FoundAuthenticator {
  std::shared_ptr<const User> user;
  const Authenticator* authenticator = nullptr;  ///< lives as long as `user`
};

/// Nothing: there is none, or no more.
std::optional<FoundAuthenticator> find_authenticator(const State& state, AccountId account, AuthenticatorId id);

}  // namespace countersign::domain
