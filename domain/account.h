#pragma once
// The account: the tenant, its provisioning policy and its API keys.

#include <optional>
#include <string>
#include <vector>

#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

inline constexpr UnixMs hour_ms = 3'600'000, day_ms = 24 * hour_ms;
inline constexpr UnixMs longest_code_validity = 7 * day_ms;

struct AuthenticatorLimit {
  std::string type;
  std::uint32_t maximum = 0;
  bool operator==(const AuthenticatorLimit&) const = default;
};

/// Stands for all types together where limits are set.
inline constexpr std::string_view any_type = "any";

/// What people are shown for a type of authenticator.
struct AuthenticatorTypeName {
  std::string type, name;
  bool operator==(const AuthenticatorTypeName&) const = default;
};

struct Provisioning {
  fb::Method method = fb::Method::registration_code;
  std::uint32_t code_validity_value = 7;
  fb::ValidityUnit code_validity_unit = fb::ValidityUnit::days;
  bool send_to_created = false, send_to_imported = false, notify_disabled = false;
  std::vector<AuthenticatorLimit> max_authenticators;  ///< a user may have, of a type or of any_type together
  std::vector<std::string> allowed_authenticators;     ///< types that users may get; empty: all
  std::vector<AuthenticatorTypeName> authenticator_type_names;
  std::vector<std::string> mfa_exempt_authenticators;  ///< types that don't make a user "MFA configured"
  std::uint64_t access_token_validity_seconds = 0;     ///< 0: until revoked
  std::uint64_t session_lifetime_seconds = 0;          ///< 0: as long as its token

  UnixMs code_validity() const;
  /// What people are shown for the type; empty: nothing but its own name.
  std::string_view name_of(std::string_view authenticator_type) const;
  bool operator==(const Provisioning&) const = default;
};

/// What is to become of a policy; what isn't named stays as it is then.
struct ProvisioningChange {
  std::optional<fb::Method> method;
  std::optional<std::uint32_t> code_validity_value;
  std::optional<fb::ValidityUnit> code_validity_unit;
  std::optional<bool> send_to_created, send_to_imported, notify_disabled;
  std::optional<std::vector<AuthenticatorLimit>> max_authenticators;
  std::optional<std::vector<std::string>> allowed_authenticators;
  std::optional<std::vector<AuthenticatorTypeName>> authenticator_type_names;
  std::optional<std::vector<std::string>> mfa_exempt_authenticators;
  std::optional<std::uint64_t> access_token_validity_seconds, session_lifetime_seconds;

  /// Names everything.
  static ProvisioningChange to(const Provisioning& wanted);
  Provisioning applied_to(Provisioning policy) const;
};

struct Account {
  AccountId id;
  std::uint16_t slot = 0;
  bool suspended = false;
  UnixMs created_at = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t users = 0, mfa_users = 0;
  std::uint64_t open_codes = 0;
  std::uint32_t admin_keys = 0;  ///< live ones without an expiry
  std::uint32_t siem_destinations = 0;
  Provisioning provisioning;
  Seal name;
  bool operator==(const Account&) const = default;
};

struct ApiKey {
  ApiKeyId id;
  Digest digest{};
  Role role = Role::none;
  UnixMs created_at = 0, expires_at = 0, revoked_at = 0;  ///< 0: never, not
  Seal name;
  bool live(UnixMs now) const { return revoked_at == 0 && (expires_at == 0 || now < expires_at); }
  bool operator==(const ApiKey&) const = default;
};

/// The policy as the event states it.
Provisioning provisioning_of(const fb::ProvisioningChanged& change);

/// Folds one event into the account; every event of the account advances its sequence.
void evolve(Account& account, const RecordedEvent& recorded);
void evolve(ApiKey& key, const RecordedEvent& recorded);

// --- Commands --------------------------------------------------------------------------------------------------------

/// A key drawn outside: its id, the digest of its secret.
struct DrawnKey {
  ApiKeyId id;
  Digest digest{};
};

/// Takes the first candidate whose slot is free: ids are drawn again until then, while free slots remain.
struct CreateAccount {
  std::string name;
  std::vector<AccountId> candidates;
  std::vector<DrawnKey> admin_keys;  ///< one per candidate, since a secret spells its slot
};
struct AccountCreated {
  std::size_t candidate = 0;  ///< which one was taken
};
Decision<AccountCreated> decide(const State& state, const Context& context, const CreateAccount& command);

/// The first account of a log: Countersign's own.
struct CreateSystemAccount {};
struct Done {};
Decision<Done> decide(const State& state, const Context& context, const CreateSystemAccount& command);

struct SetAccountStatus {
  AccountId account;
  bool suspended = false;
};
Decision<Done> decide(const State& state, const Context& context, const SetAccountStatus& command);

/// Root makes a new administrator key for an account that lost its own. Noted in that account and in the system
/// account.
struct RescueAccount {
  AccountId account;
  DrawnKey key;
};
Decision<Done> decide(const State& state, const Context& context, const RescueAccount& command);

struct ChangeProvisioning {
  ProvisioningChange change;
  bool mail_configured = false;  ///< the server has a mail transport
};
Decision<Done> decide(const State& state, const Context& context, const ChangeProvisioning& command);

struct CreateApiKey {
  DrawnKey key;
  std::string name;
  Role role = Role::none;
  UnixMs expires_at = 0;
};
Decision<Done> decide(const State& state, const Context& context, const CreateApiKey& command);

/// Hands out the key that opens everything sealed of the account. It can't be taken back, so it is noted as critical.
struct ExportAuditKey {
  std::string key_id;
};
Decision<Done> decide(const State& state, const Context& context, const ExportAuditKey& command);

struct RevokeApiKey {
  ApiKeyId key;
};
Decision<Done> decide(const State& state, const Context& context, const RevokeApiKey& command);

}  // namespace countersign::domain
