#include "tools/replay/concern.h"

#include <cstring>

namespace countersign::replay {

using domain::PartyKind;

Concern Concern::with_user(domain::UserId user) {
  Concern concern;
  concern.everything_ = false;
  concern.user_ = user;
  return concern;
}

Concern Concern::with_activation(const domain::Uuid& activation, const AccountFold& state) {
  Concern concern;
  concern.everything_ = false;
  concern.activation_ = activation;
  if (const auto* known = state.activation(activation)) concern.code_ = known->code;
  return concern;
}

Concern Concern::with_code(domain::CodeId code, const AccountFold& state) {
  Concern concern;
  concern.everything_ = false;
  concern.code_ = code;
  if (const auto* known = state.code(code)) concern.activation_ = known->activation;
  return concern;
}

Concern Concern::with_authenticator(domain::AuthenticatorId authenticator) {
  Concern concern;
  concern.everything_ = false;
  concern.authenticator_ = authenticator;
  return concern;
}

Concern Concern::with_source(const std::array<std::uint8_t, 16>& digest) {
  Concern concern;
  concern.everything_ = false;
  concern.source_ = digest;
  return concern;
}

bool Concern::takes(const domain::Party& party) const {
  switch (party.kind) {
    case PartyKind::user: return user_ && user_->uuid == party.id;
    case PartyKind::registration_code: return code_ && code_.uuid == party.id;
    case PartyKind::device:
    case PartyKind::token:
    case PartyKind::session: return !activation_.is_nil() && activation_ == party.id;
    case PartyKind::authenticator: return authenticator_ && authenticator_.uuid == party.id;
    default: return false;
  }
}

bool Concern::takes(const domain::EventView& event) const {
  if (everything_) return true;
  if (source_) {
    const auto* ip = event.clear().ip();
    return ip && std::memcmp(ip->bytes()->Data(), source_->data(), source_->size()) == 0;
  }
  if (takes(event.actor()) || takes(event.subject()) || takes(event.target())) return true;
  return !activation_.is_nil() && domain::EventView::to_uuid(event.clear().session()) == activation_;
}

}  // namespace countersign::replay
