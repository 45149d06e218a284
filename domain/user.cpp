#include "domain/user.h"

#include <algorithm>
#include <map>
#include <set>

#include "domain/account.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"

namespace countersign::domain {

const Code* User::code(CodeId wanted) const {
  const auto it = std::find_if(codes.begin(), codes.end(), [&](const Code& c) { return c.id == wanted; });
  return it == codes.end() ? nullptr : &*it;
}

const Activation* User::activation(const Uuid& wanted) const {
  const auto it =
      std::find_if(activations.begin(), activations.end(), [&](const Activation& a) { return a.id == wanted; });
  return it == activations.end() ? nullptr : &*it;
}

const Authenticator* User::authenticator(AuthenticatorId wanted) const {
  const auto it = std::ranges::find(authenticators, wanted, &Authenticator::id);
  return it == authenticators.end() ? nullptr : &*it;
}

bool User::has_mfa() const {
  return mfa_configured || std::ranges::any_of(authenticators, [](const Authenticator& each) {
           return each.status == AuthenticatorStatus::active && !each.mfa_exempt;
         });
}

bool User::has_mfa(UnixMs now) const {
  return mfa_configured || std::ranges::any_of(authenticators, [now](const Authenticator& each) {
           return effective_status(each, now) == AuthenticatorStatus::active && !each.mfa_exempt;
         });
}

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

void write_profile(User& user, const RecordedEvent& recorded) {
  const auto* profile = recorded.event.clear().payload_as_UserProfile();
  if (!profile) return;
  user.email = EventView::to_digest(profile->email());
  user.login_name = EventView::to_digest(profile->login_name());
  user.content = EventView::to_digest(profile->content());
  user.mfa_configured = profile->mfa_configured();
  user.profile = recorded.seal();
}

void erase(User& user) {
  User empty;
  empty.id = user.id;
  empty.erased = true;
  user = std::move(empty);
}

template <class Object>
void evolve_listed(std::vector<Object>& list, Object* listed, const RecordedEvent& recorded, bool begins) {
  if (begins) listed = &list.emplace_back();
  if (listed) evolve(*listed, recorded);
}

}  // namespace

void evolve(User& user, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto target = event.target();
  switch (target.kind) {
    case PartyKind::registration_code:
      if (event.type() == EventType::registration_code_generated) user.had_code = true;
      return evolve_listed(user.codes, user.code(CodeId{target.id}), recorded,
                           event.type() == EventType::registration_code_generated);
    case PartyKind::device:
    case PartyKind::token:
    case PartyKind::session:
      return evolve_listed(user.activations, user.activation(target.id), recorded,
                           event.type() == EventType::device_activated);
    case PartyKind::authenticator: {
      evolve_listed(user.authenticators, user.authenticator(AuthenticatorId{target.id}), recorded,
                    event.type() == EventType::authenticator_enrolled);
      std::erase_if(user.authenticators,
                    [](const Authenticator& each) { return each.status == AuthenticatorStatus::deleted; });
      if (event.clear().payload_as_OtpAccepted()) user.lockout = {};
      note_message(user.messages_at, event);
      return;
    }
    default: break;
  }
  switch (event.type()) {
    case EventType::authenticator_verification_failed:
      if (const auto* failed = event.clear().payload_as_OtpFailed())
        user.lockout = {failed->failures(), failed->blocked_until()};
      return;
    case EventType::authenticator_unlocked: user.lockout = {}; return;
    case EventType::user_created:
      user.id = UserId{event.subject().id};
      user.created_at = event.time();
      write_profile(user, recorded);
      break;
    case EventType::user_updated: write_profile(user, recorded); break;
    case EventType::user_disabled: user.disabled = true; break;
    case EventType::user_enabled: user.disabled = false; break;
    case EventType::user_erased: return erase(user);
    default: return;
  }
  user.updated_at = event.time();
  ++user.version;
}

namespace {

template <class Key>
void remember(std::vector<Key>& ended, const Key& id, std::vector<Key>& forgotten) {
  ended.push_back(id);
  if (ended.size() <= most_per_user) return;
  forgotten.push_back(ended.front());
  ended.erase(ended.begin());
}

}  // namespace

Ended take_ended(User& user) {
  Ended ended;
  for (auto& activation : user.activations)
    if (!activation.device_live()) ended.activations.push_back(std::move(activation));
  std::erase_if(user.activations, [](const Activation& a) { return !a.device_live(); });
  const auto leaves = [&](const Code& code) {
    if (code.ended()) return true;
    // Not as soon as there is no activation: a code is used one event before its device is activated.
    return code.status == CodeStatus::used &&
           std::ranges::find(ended.activations, code.activation, &Activation::id) != ended.activations.end();
  };
  for (auto& code : user.codes)
    if (leaves(code)) ended.codes.push_back(code);
  std::erase_if(user.codes, leaves);
  for (const auto& code : ended.codes) remember(user.ended_codes, code.id, ended.forgotten_codes);
  for (const auto& activation : ended.activations)
    remember(user.ended_activations, activation.id, ended.forgotten_activations);
  return ended;
}

// --- decide ----------------------------------------------------------------------------------------------------------

namespace {

constexpr RoleSet administrators = roles(Role::admin);
constexpr RoleSet help_desk = roles(Role::admin, Role::operator_);
constexpr Digest no_digest{};

Refusal not_found() {
  return {RefusalCode::not_found, "There is no such user."};
}

NewEvent profile_event(EventType type, UserId id, const Profile& profile) {
  NewEvent event{.type = type, .subject = party(id), .target = party(id)};
  fb::UserProfileT payload;
  payload.email = to_fb(profile.email);
  if (profile.login_name != no_digest) payload.login_name = std::make_unique<fb::Digest>(to_fb(profile.login_name));
  payload.content = to_fb(profile.content);
  payload.mfa_configured = profile.mfa_configured;
  event.payload.Set(std::move(payload));
  event.personal = profile.personal;
  return event;
}

NewEvent user_event(EventType type, const User& user) {
  return {.type = type, .subject = party(user.id), .target = party(user.id)};
}

/// Who has an imported row's address: nobody has version 0.
struct Standing {
  UserId id;
  std::uint64_t version = 0;
  Digest content{};
};

/// Addresses that this decision has given out already, for rows of one chunk that collide with each other.
using TakenHere = std::map<Digest, UserId>;

std::optional<UserId> holder(const State& state, const TakenHere& here, const Digest& digest) {
  if (const auto it = here.find(digest); it != here.end()) return it->second;
  if (const auto entry = state.find(digest); entry && entry->kind == PartyKind::user) return entry->user;
  return std::nullopt;
}

std::optional<Refusal> refuse_if_taken(const State& state, const TakenHere& here, const Profile& profile, UserId self) {
  const auto email = holder(state, here, profile.email);
  if (email && *email != self)
    return Refusal{RefusalCode::email_taken, "Another user of the account has this e-mail address."};
  if (profile.login_name == no_digest) return std::nullopt;
  const auto login = holder(state, here, profile.login_name);
  if (login && *login != self)
    return Refusal{RefusalCode::login_name_taken, "Another user of the account has this login name."};
  return std::nullopt;
}

}  // namespace

Decision<UserWritten> decide(const State& state, const Context& context, const CreateUser& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin, Role::scim))) return *refusal;
  if (auto refusal = refuse_if_taken(state, {}, command.profile, {})) return *refusal;  // not even by the same id
  std::vector<NewEvent> events;
  events.push_back(profile_event(EventType::user_created, command.id, command.profile));
  return {UserWritten{command.id, 1}, std::move(events)};
}

Decision<UserWritten> decide(const State& state, const Context& context, const UpdateUser& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin, Role::scim))) return *refusal;
  const auto user = state.user(context.account, command.id);
  if (!user) return not_found();
  if (user->version != command.expected_version)
    return Refusal{RefusalCode::version_mismatch, "The user has changed since it was read."};
  if (auto refusal = refuse_if_taken(state, {}, command.profile, user->id)) return *refusal;
  const bool unchanged =
      user->content == command.profile.content && user->mfa_configured == command.profile.mfa_configured;
  if (unchanged) return UserWritten{user->id, user->version};
  std::vector<NewEvent> events;
  events.push_back(profile_event(EventType::user_updated, user->id, command.profile));
  return {UserWritten{user->id, user->version + 1}, std::move(events)};
}

Decision<ImportedUsers> decide(const State& state, const Context& context, const ImportUsers& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  ImportedUsers result;
  std::vector<NewEvent> events;
  TakenHere here;
  std::map<UserId, Standing> written;  // people that stand twice in this chunk
  for (const auto& row : command.rows) {
    const auto known = holder(state, here, row.profile.email);
    const auto id = known.value_or(row.id);
    if (auto refusal = refuse_if_taken(state, here, row.profile, id)) {
      result.refused.push_back({row.line, *refusal});
      continue;
    }
    Standing present;
    if (const auto earlier = written.find(id); earlier != written.end())
      present = earlier->second;
    else if (const auto user = state.user(context.account, id))
      present = {user->id, user->version, user->content};
    if (known && present.content == row.profile.content) {
      ++result.unchanged;
      continue;
    }
    const bool would_replace = !known && present.version > 0;
    if (would_replace || present.id != row.merged_from || present.version != row.merged_version) {
      result.refused.push_back({row.line, {RefusalCode::version_mismatch, "The user has changed since it was read."}});
      continue;
    }
    events.push_back(profile_event(known ? EventType::user_updated : EventType::user_created, id, row.profile));
    ++(known ? result.updated : result.created);
    here[row.profile.email] = id;
    if (row.profile.login_name != no_digest) here[row.profile.login_name] = id;
    written[id] = {id, present.version + 1, row.profile.content};
  }
  return {std::move(result), std::move(events)};
}

Decision<UserWritten> decide(const State& state, const Context& context, const SetUserDisabled& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin, Role::operator_, Role::scim))) return *refusal;
  const auto user = state.user(context.account, command.id);
  if (!user) return not_found();
  if (user->disabled == command.disabled) return UserWritten{user->id, user->version};
  std::vector<NewEvent> events;
  events.push_back(user_event(command.disabled ? EventType::user_disabled : EventType::user_enabled, *user));
  if (command.disabled)
    for (const auto& activation : user->activations)
      end_connection(*user, activation, Reason::user_was_disabled, events);
  return {UserWritten{user->id, user->version + 1}, std::move(events)};
}

namespace {

/// Of one code, with the token, session and device that a used one brought.
std::size_t reset_events(const Code& code) {
  return code.status == CodeStatus::used ? 4 : 1;
}

}  // namespace

std::size_t reset_events(const User& user) {
  std::size_t events = user.codes.empty() ? 0 : 1;
  for (const auto& code : user.codes) events += reset_events(code);
  return events;
}

Decision<ResetResult> decide(const State& state, const Context& context, const ResetUsers& command) {
  if (auto refusal = refuse_unless(state, context, help_desk)) return *refusal;
  const std::set<UserId> ids(command.ids.begin(), command.ids.end());
  for (const auto& id : ids)
    if (!state.user(context.account, id)) return not_found();
  ResetResult result;
  std::vector<NewEvent> events;
  const auto fits = [&](std::size_t more) { return events.size() + more <= most_reset_events; };
  for (const auto& id : ids) {
    if (!result.left.empty()) {
      result.left.push_back(id);
      continue;
    }
    const auto user = state.user(context.account, id);
    if (user->codes.empty()) continue;
    const bool goes_on = command.begun && id == command.ids.front();
    const bool whole = fits(reset_events(*user)), alone = events.empty();
    if (!whole && !alone) {
      result.left.push_back(id);
      continue;
    }
    if (!goes_on) events.push_back(user_event(EventType::user_reset, *user));
    for (const auto& code : user->codes) {
      if (!fits(reset_events(code))) {
        result.left.push_back(id);
        result.begun = true;
        break;
      }
      revoke_code(*user, code, Reason::user_was_reset, events);
      ++result.codes_revoked;
    }
  }
  return {std::move(result), std::move(events)};
}

Decision<UserWritten> decide(const State& state, const Context& context, const EraseUser& command) {
  if (auto refusal = refuse_unless(state, context, administrators)) return *refusal;
  const auto user = state.user(context.account, command.id);
  if (!user) return not_found();
  if (!user->disabled) return Refusal{RefusalCode::user_not_disabled, "Only a disabled user can be erased."};
  std::vector<NewEvent> events;
  for (const auto& authenticator : user->authenticators) {
    release_activation(*user, authenticator, Reason::user_was_erased, events);
    return_hardware_token(*user, authenticator, Reason::user_was_erased, events);
  }
  events.push_back(user_event(EventType::user_erased, *user));
  return {UserWritten{user->id, user->version + 1}, std::move(events)};
}

}  // namespace countersign::domain
