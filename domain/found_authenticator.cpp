#include "domain/found_authenticator.h"

namespace countersign::domain {

std::optional<FoundAuthenticator> find_authenticator(const State& state, AccountId account, AuthenticatorId id) {
  const auto located = state.locate_authenticator(account, id);
  if (!located) return std::nullopt;
  FoundAuthenticator found{state.user(account, located->user)};
  if (found.user) found.authenticator = found.user->authenticator(id);
  if (!found.authenticator) return std::nullopt;
  return found;
}

}  // namespace countersign::domain
