#include "adapters/commands/draw.h"

#include "adapters/keys/random.h"
#include "domain/slot.h"
#include "projections/row_codec.h"

namespace countersign::commands {

using domain::BearerKind;
using keys::LookupKind;

namespace {

LookupKind lookup_kind(BearerKind kind) {
  switch (kind) {
    case BearerKind::root_key: return LookupKind::root_key;
    case BearerKind::api_key: return LookupKind::api_key;
    case BearerKind::access_token: return LookupKind::access_token;
    case BearerKind::activation_ticket: return LookupKind::activation_ticket;
  }
  return LookupKind::root_key;
}

}  // namespace

domain::AccountId draw_account(domain::UnixMs now) {
  domain::AccountId id;
  do id = keys::random_id<domain::AccountId>(now);
  while (domain::slot_of(id) == domain::slot_of(domain::system_account()));
  return id;
}

domain::Digest digest_of(const keys::Lookup& lookup, BearerKind kind, std::string_view text) {
  return lookup.digest(lookup_kind(kind), text);
}

domain::Digest digest_of_code(const keys::Lookup& lookup, std::string_view canonical) {
  return lookup.digest(LookupKind::registration_code, canonical);
}

DrawnSecret draw_secret(const keys::Lookup& lookup, BearerKind kind, std::uint16_t slot) {
  DrawnSecret secret;
  secret.text = domain::make_bearer(kind, slot, keys::random_bytes<32>());
  secret.digest = digest_of(lookup, kind, secret.text);
  return secret;
}

std::vector<domain::DrawnCode> draw_codes(const keys::Lookup& lookup, std::uint16_t slot, std::size_t count,
                                          domain::UnixMs now) {
  std::vector<domain::DrawnCode> drawn(count);
  for (auto& code : drawn) {
    code.id = keys::random_id<domain::CodeId>(now);
    code.text = domain::make_code(slot, keys::random_code_digits());
    code.digest = digest_of_code(lookup, code.text);
  }
  return drawn;
}

domain::Digest digest_of_token_serial(const keys::Lookup& lookup, domain::AccountId account,
                                      std::string_view serial_number) {
  return lookup.digest(LookupKind::hardware_token_serial, account, serial_number);
}

domain::Digest digest_of_email(const keys::Lookup& lookup, domain::AccountId account, std::string_view email) {
  return lookup.digest(LookupKind::email, account, email);
}

domain::Digest digest_of_login_name(const keys::Lookup& lookup, domain::AccountId account, std::string_view name) {
  return lookup.digest(LookupKind::login_name, account, name);
}

domain::Profile make_profile(const keys::Lookup& lookup, domain::AccountId account, domain::Personal personal,
                             bool mfa_configured) {
  domain::Profile profile;
  profile.mfa_configured = mfa_configured;
  profile.email = digest_of_email(lookup, account, personal.email);
  if (!personal.login_name.empty()) profile.login_name = digest_of_login_name(lookup, account, personal.login_name);
  projections::RowWriter all;
  all.text(personal.first_name).text(personal.last_name).text(personal.email).text(personal.login_name);
  all.flag(mfa_configured);
  for (const auto& attribute : personal.attributes) all.text(attribute->name).text(attribute->value);
  profile.content = lookup.digest(LookupKind::profile_content, account, all.take());
  profile.personal = std::move(personal);
  return profile;
}

Idempotency idempotency_of(const keys::Lookup& lookup, std::string scope, std::string_view key, std::string_view body,
                           std::string_view query) {
  const auto scoped = scope + '\n' + std::string(key);
  Idempotency idempotency;
  idempotency.key = domain::view(lookup.digest(LookupKind::idempotency_seal, scoped));
  idempotency.record = lookup.digest(LookupKind::idempotency_key, scoped);
  idempotency.body = lookup.digest(LookupKind::idempotency_body, {body, query.empty() ? "" : "\n?", query});
  idempotency.scope = std::move(scope);
  return idempotency;
}

}  // namespace countersign::commands
