#include "adapters/http/api/user_name.h"

#include "adapters/commands/draw.h"
#include "adapters/directory/address.h"
#include "adapters/directory/text_checks.h"

namespace countersign::http {

UserName UserName::read(Body& body) {
  UserName name;
  name.id_ = body->optional_text("user_id");
  name.email_ = body->optional_text("email", {.most = 320});
  name.login_name_ = body->optional_text("login_name");
  if (name.id_.has_value() + name.email_.has_value() + name.login_name_.has_value() != 1)
    body->malformed("", "one of user_id, email and login_name is expected");
  return name;
}

domain::UserId UserName::find(const Reads& reads, domain::AccountId account) const {
  if (id_) return domain::UserId::parse(*id_).value_or(domain::UserId{});
  std::optional<domain::Digest> digest;
  if (login_name_)
    digest = commands::digest_of_login_name(reads.lookup(), account, directory::to_lower_ascii(*login_name_));
  const auto address = directory::normalise_address(email_.value_or(""));
  if (email_ && address.ok) digest = commands::digest_of_email(reads.lookup(), account, address.text);
  const auto entry = digest ? reads.state().find(*digest) : std::nullopt;
  return entry && entry->kind == domain::PartyKind::user ? entry->user : domain::UserId{};
}

}  // namespace countersign::http
