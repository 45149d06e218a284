#include "adapters/otp/seeds.h"

#include "adapters/keys/hkdf.h"
#include "adapters/keys/key_wrap.h"

namespace countersign::otp {

SeedName seed_name(domain::AccountId account, domain::UserId user, const domain::Authenticator& authenticator) {
  const bool outlives_user = authenticator.type == domain::AuthenticatorType::hardware;
  return {account, outlives_user ? domain::UserId{} : user, authenticator.id};
}

boost::system::result<std::optional<keys::NamedKey>> Seeds::key_of(const SeedName& name) {
  if (!name.user) {
    const auto account = keys_.account_key(name.account);
    if (!account) return std::optional<keys::NamedKey>();
    return key_from(account->view(), name.authenticator);
  }
  const auto subject = keys_.subject_key(name.account, name.user);
  if (subject.has_error()) return subject.error();
  if (!*subject) return std::optional<keys::NamedKey>();
  return key_from((*subject)->view(), name.authenticator);
}

keys::NamedKey Seeds::key_from(std::string_view subject, domain::AuthenticatorId authenticator) const {
  return {{}, keys::hkdf(keys_.cluster().lookup.key.view(), subject, "authenticator seed", authenticator.uuid.view())};
}

boost::system::error_code Seeds::keep(const SeedName& name, std::string_view seed) {
  const auto key = key_of(name);
  if (key.has_error()) return key.error();
  if (!*key) return keys::errc::unknown_account;
  return keys_.keep_secret({name.account, name.authenticator.uuid},
                           keys::wrap_secret(seed, **key, name.authenticator.uuid.view()));
}

boost::system::error_code Seeds::keep(domain::AccountId account, std::span<const TokenSeed> seeds) {
  std::vector<keys::NamedSecret> sealed;
  for (const auto& [authenticator, seed] : seeds) {
    const auto key = key_of({account, {}, authenticator});
    if (key.has_error()) return key.error();
    if (!*key) return keys::errc::unknown_account;
    sealed.push_back({{account, authenticator.uuid}, keys::wrap_secret(seed, **key, authenticator.uuid.view())});
  }
  return keys_.keep_secrets(sealed);
}

boost::system::result<std::optional<std::string>> Seeds::open(const SeedName& name) {
  const auto key = key_of(name);
  if (key.has_error()) return key.error();
  const auto sealed = keys_.secret({name.account, name.authenticator.uuid});
  if (sealed.has_error()) return sealed.error();
  if (!*key || !*sealed) return std::optional<std::string>();
  auto seed = keys::unwrap_secret(**sealed, **key, name.authenticator.uuid.view());
  if (!seed) return keys::errc::damaged;
  return seed;
}

void Seeds::pretend_to_open() const {
  static const std::string sealed = keys::wrap_secret(std::string(20, 's'), key_from("nobody", {}), "");
  static_cast<void>(keys::unwrap_secret(sealed, key_from("somebody else", {}), ""));
}

boost::system::error_code Seeds::destroy(domain::AccountId account, domain::AuthenticatorId authenticator) {
  return destroy(account, std::span(&authenticator, 1));
}

boost::system::error_code Seeds::destroy(domain::AccountId account,
                                         std::span<const domain::AuthenticatorId> authenticators) {
  std::vector<keys::SecretName> names;
  for (const auto id : authenticators) names.push_back({account, id.uuid});
  const auto error = keys_.destroy_secrets(names);
  if (error && later_)
    for (const auto id : authenticators) later_(account, id);
  return error;
}

}  // namespace countersign::otp
