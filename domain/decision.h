#pragma once
// What decide() works with: the context a command runs in, the narrow view of the state it may look at, and what comes
// out of it. Laws: decisions are pure, use point look-ups only, and a refusal is a value.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/event.h"
#include "domain/ids.h"

namespace countersign::domain {

struct Account;
struct ApiKey;
struct HardwareToken;
struct Licence;
struct SiemDestination;
struct User;
struct Code;
struct Activation;

using RoleSet = std::uint32_t;
constexpr RoleSet role_bit(Role role) {
  return 1u << static_cast<unsigned>(role);
}
template <class... Roles>
constexpr RoleSet roles(Roles... role) {
  return (role_bit(role) | ...);
}

/// Who asks, and from where. `now` is the batch's time: the only clock that decisions know.
struct Context {
  UnixMs now = 0;
  AccountId system = system_account();  ///< of the partition in which this is decided
  AccountId account;
  Party actor;
  Role role = Role::none;
  Uuid correlation;
  std::string ip;          ///< sealed into every event
  std::string user_agent;  ///< likewise
  std::optional<std::array<std::uint8_t, 16>> ip_digest;
};

enum class RefusalCode {
  not_found,
  key_invalid,
  role_insufficient,
  account_suspended,
  no_free_slot,
  email_taken,
  login_name_taken,
  mfa_configured,
  user_disabled,
  user_not_disabled,
  version_mismatch,
  last_admin_key,
  validity_out_of_range,
  delivery_not_configured,
  too_many_open_codes,
  state_conflict,
  code_not_redeemable,
  ticket_not_redeemable,
  provisioning_method,
  too_large,
  too_many_attempts,
  answer_withdrawn,
  idempotency_key_reused,
  too_many_destinations,
  last_authenticator,
  too_many_authenticators,
  authenticator_type_not_allowed,
  codes_at_large,
  licence_taken,
  licence_exhausted,
  serial_number_taken,
};

/// "email-taken", "code-not-redeemable" ...: the stable code that clients see.
std::string_view text_of(RefusalCode code);

struct Refusal {
  RefusalCode code;
  std::string detail;  ///< for people; never quotes a secret
  /// Of a refused redemption: what its event says. Not for whoever tried.
  Reason reason = Reason::none;
  AccountId account{};
  Uuid registration_code{};
  std::vector<std::string> allowed{};  ///< of a state-conflict: what could be done instead
  UnixMs retry_at = 0;                 ///< of too many attempts: when the next one is heard; 0: not by itself
};

template <class Result>
struct Decision {
  std::vector<NewEvent> events;
  std::variant<Result, Refusal> outcome;

  Decision(Refusal refusal, std::vector<NewEvent> made = {})  // NOLINT: a decision reads `return Refusal{...}`
      : events(std::move(made)), outcome(std::move(refusal)) {}
  Decision(Result result, std::vector<NewEvent> made = {}) : events(std::move(made)), outcome(std::move(result)) {}
  const Refusal* refusal() const { return std::get_if<Refusal>(&outcome); }
  const Result& result() const { return std::get<Result>(outcome); }
};

/// What a keyed digest stands for.
struct DigestEntry {
  AccountId account;
  PartyKind kind = PartyKind::none;  ///< registration_code, token, api_key, user (address), source (activation ticket),
                                     ///< licence, hardware_token
  Uuid id;                           ///< of the object: code, activation, API key, user
  UserId user;                       ///< whose it is; nil for API keys, licences, hardware tokens
};

/// Where an object is: in its user's row while it lives, in its own last record afterwards.
struct Located {
  UserId user;
  std::shared_ptr<const Code> ended_code;
  std::shared_ptr<const Activation> ended_activation;
};

/// The state as far as decisions may look: point look-ups. Null: there is none.
class State {
 public:
  virtual ~State() = default;
  virtual std::shared_ptr<const Account> account(AccountId id) const = 0;
  virtual std::shared_ptr<const User> user(AccountId account, UserId id) const = 0;
  virtual std::shared_ptr<const ApiKey> api_key(AccountId account, ApiKeyId id) const = 0;
  virtual std::shared_ptr<const SiemDestination> siem_destination(AccountId account, SiemDestinationId id) const = 0;
  virtual std::shared_ptr<const Licence> licence(AccountId account, LicenceId id) const = 0;
  virtual std::shared_ptr<const HardwareToken> hardware_token(AccountId account, HardwareTokenId id) const = 0;
  virtual std::optional<DigestEntry> find(const Digest& digest) const = 0;
  virtual std::optional<Located> locate_code(AccountId account, CodeId id) const = 0;
  virtual std::optional<Located> locate_activation(AccountId account, const Uuid& id) const = 0;
  virtual std::optional<Located> locate_authenticator(AccountId account, AuthenticatorId id) const = 0;
  virtual std::optional<AccountId> account_of_slot(std::uint16_t slot) const = 0;
};

/// Checks key and role as they are now, not as they were when the request was parsed. Nothing: allowed.
std::optional<Refusal> refuse_unless(const State& state, const Context& context, RoleSet allowed);

}  // namespace countersign::domain
