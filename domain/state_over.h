#pragma once
// A state that is another one but for what a subclass looks up otherwise.

#include "domain/decision.h"

namespace countersign::domain {

class StateOver : public State {
 public:
  /// It must not outlive `below`.
  explicit StateOver(const State& below) : below_(below) {}

  std::shared_ptr<const Account> account(AccountId id) const override { return below_.account(id); }
  std::shared_ptr<const User> user(AccountId account, UserId id) const override { return below_.user(account, id); }
  std::shared_ptr<const ApiKey> api_key(AccountId account, ApiKeyId id) const override {
    return below_.api_key(account, id);
  }
  std::shared_ptr<const SiemDestination> siem_destination(AccountId account, SiemDestinationId id) const override {
    return below_.siem_destination(account, id);
  }
  std::shared_ptr<const Licence> licence(AccountId account, LicenceId id) const override {
    return below_.licence(account, id);
  }
  std::shared_ptr<const HardwareToken> hardware_token(AccountId account, HardwareTokenId id) const override {
    return below_.hardware_token(account, id);
  }
  std::optional<DigestEntry> find(const Digest& digest) const override { return below_.find(digest); }
  std::optional<Located> locate_code(AccountId account, CodeId id) const override {
    return below_.locate_code(account, id);
  }
  std::optional<Located> locate_activation(AccountId account, const Uuid& id) const override {
    return below_.locate_activation(account, id);
  }
  std::optional<Located> locate_authenticator(AccountId account, AuthenticatorId id) const override {
    return below_.locate_authenticator(account, id);
  }
  std::optional<AccountId> account_of_slot(std::uint16_t slot) const override { return below_.account_of_slot(slot); }

 protected:
  const State& below_;
};

}  // namespace countersign::domain
