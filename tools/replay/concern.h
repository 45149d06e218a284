#pragma once
// Whom or what an event is about, for who follows one person, device, code or address through a history.

#include <array>
#include <optional>

#include "domain/event.h"
#include "tools/replay/account_fold.h"

namespace countersign::replay {

class Concern {
 public:
  /// Everything of the account.
  Concern() = default;
  static Concern with_user(domain::UserId user);
  /// What was activated together: device, token and session, and the code that it was activated with.
  static Concern with_activation(const domain::Uuid& activation, const AccountFold& state);
  /// The code, and what it brought.
  static Concern with_code(domain::CodeId code, const AccountFold& state);
  static Concern with_authenticator(domain::AuthenticatorId authenticator);
  static Concern with_source(const std::array<std::uint8_t, 16>& digest);

  bool takes(const domain::EventView& event) const;

 private:
  bool takes(const domain::Party& party) const;
  bool everything_ = true;
  std::optional<domain::UserId> user_;
  domain::CodeId code_;
  domain::AuthenticatorId authenticator_;
  domain::Uuid activation_;
  std::optional<std::array<std::uint8_t, 16>> source_;
};

}  // namespace countersign::replay
