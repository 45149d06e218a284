#include "adapters/otp/seeds.h"

#include "adapters/keys/hkdf.h"
#include "adapters/keys/key_wrap.h"

namespace countersign::otp {

boost::system::result<std::optional<keys::NamedKey>> Seeds::key_of(const SeedName& name) {
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
  const keys::SecretName name{account, authenticator.uuid};
  const auto error = keys_.destroy_secrets({&name, 1});
  if (error && later_) later_(account, authenticator);
  return error;
}

}  // namespace countersign::otp
