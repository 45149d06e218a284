#include "adapters/queries/seal_opener.h"

#include <boost/system/system_error.hpp>

#include "adapters/keys/error.h"
#include "adapters/keys/sealing.h"

namespace countersign::queries {
namespace {

[[noreturn]] void fail(const boost::system::error_code& error, const std::string& what) {
  throw boost::system::system_error(error, what);
}

std::optional<domain::Personal> open(const keys::Key& key, const domain::Seal& seal) {
  std::string text;
  if (!seal) return std::nullopt;
  if (!keys::open(keys::event_key(key, seal.event), seal.clear_hash, seal.sealed, text))
    fail(keys::errc::damaged, "what " + seal.event.text() + " sealed doesn't open under its key");
  return domain::parse_personal(text);
}

}  // namespace

bool sealed_for_subject(const domain::EventView& event) {
  // What was refused may be about a user, and is the account's nevertheless: it outlives the user.
  return event.subject().kind == domain::PartyKind::user && event.type() != domain::EventType::user_erased &&
         event.clear().payload_type() != domain::fb::Payload::Refusals;
}

std::optional<domain::Personal> SealOpener::of_user(domain::AccountId account, domain::UserId user,
                                                    const domain::Seal& seal) const {
  const auto key = keys_.subject_key(account, user);
  if (key.has_error()) fail(key.error(), "the key of " + user.text() + " can't be read");
  if (!*key) return std::nullopt;
  return open(**key, seal);
}

std::shared_ptr<const domain::Personal> SealOpener::profile(domain::AccountId account, domain::UserId user,
                                                            const domain::Seal& seal) const {
  const keys::Subject subject{account, user};
  if (auto kept = keys_.opened_profile(subject, seal.event)) return kept;
  auto opened = of_user(account, user, seal);
  if (!opened) return nullptr;
  auto profile = std::make_shared<const domain::Personal>(*std::move(opened));
  keys_.keep_profile(subject, seal.event, profile);
  return profile;
}

std::optional<domain::Personal> SealOpener::of_account(domain::AccountId account, const domain::Seal& seal) const {
  const auto key = keys_.account_key(account);
  if (!key) return std::nullopt;
  return open(*key, seal);
}

std::optional<domain::Personal> SealOpener::of_event(const domain::EventView& event) const {
  const domain::Seal seal{event.id(), bus::sha256(event.clear_bytes()), std::string(event.sealed())};
  if (sealed_for_subject(event)) return of_user(event.account(), domain::UserId{event.subject().id}, seal);
  return of_account(event.account(), seal);
}

}  // namespace countersign::queries
