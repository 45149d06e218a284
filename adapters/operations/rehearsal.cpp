#include "adapters/operations/rehearsal.h"

namespace countersign::operations {

using domain::Digest;
using domain::EventView;

std::shared_ptr<const domain::User> Rehearsal::Stage::user(domain::AccountId account, domain::UserId id) const {
  const auto it = rehearsed_.users_.find(id);
  return it != rehearsed_.users_.end() ? it->second : below_.user(account, id);
}

std::optional<domain::DigestEntry> Rehearsal::Stage::find(const Digest& digest) const {
  const auto it = rehearsed_.digests_.find(digest);
  if (it == rehearsed_.digests_.end()) return below_.find(digest);
  if (!it->second) return std::nullopt;
  return domain::DigestEntry{rehearsed_.account_, domain::PartyKind::user, it->second.uuid, it->second};
}

Rehearsal::Stage Rehearsal::on(const projections::ViewState& now) const {
  return {*this, now};
}

const domain::Personal* Rehearsal::profile_of(domain::UserId user) const {
  const auto it = profiles_.find(user);
  return it != profiles_.end() ? &it->second : nullptr;
}

domain::Decision<domain::ImportedUsers> Rehearsal::decide(const projections::ViewState& now,
                                                          const domain::Context& context,
                                                          const domain::ImportUsers& command) {
  const auto stage = on(now);
  auto decision = domain::decide(stage, context, command);
  for (const auto& event : decision.events) fold(stage, event);
  return decision;
}

void Rehearsal::fold(const Stage& before, const domain::NewEvent& event) {
  const domain::UserId id{event.target.id};
  const auto* profile = event.payload.AsUserProfile();
  const auto former = before.user(account_, id);
  domain::User written = former ? *former : domain::User{};
  written.id = id;
  ++written.version;
  written.email = EventView::to_digest(&profile->email);
  written.login_name = EventView::to_digest(profile->login_name.get());
  written.content = EventView::to_digest(&profile->content);
  written.mfa_configured = profile->mfa_configured;
  if (former && former->login_name != written.login_name && former->login_name != Digest{})
    digests_[former->login_name] = {};
  if (written.login_name != Digest{}) digests_[written.login_name] = id;
  if (!comes_again_(event.personal.email)) return;
  digests_[written.email] = id;
  users_[id] = std::make_shared<const domain::User>(std::move(written));
  profiles_[id] = event.personal;
}

}  // namespace countersign::operations
