#include "tools/replay/account_fold.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "bus/hash.h"
#include "domain/mfa_count.h"

namespace countersign::replay {

using namespace domain;

namespace {

bool changes_user(const EventView& event) {
  return event.subject().kind == PartyKind::user && event.clear().payload_type() != fb::Payload::Refusals;
}

bool is_open(const Code* code) {
  return code && (code->status == CodeStatus::open || code->status == CodeStatus::reserved);
}

bool is_lasting_admin(const ApiKey& key) {
  return key.role == Role::admin && key.expires_at == 0 && key.revoked_at == 0;
}

template <class Map, class Visit>
void in_order(const Map& map, const Visit& visit) {
  std::vector<const typename Map::mapped_type*> objects;
  objects.reserve(map.size());
  for (const auto& [id, object] : map) objects.push_back(&object);
  std::ranges::sort(objects, {}, [](const auto* object) { return (*object)->id; });
  for (const auto* object : objects) visit(**object);
}

}  // namespace

void AccountFold::take(const EventView& event) {
  if (event.account() != id_) return;
  if (event.sequence() != account_.last_sequence + 1)
    throw std::runtime_error("account " + account_text(id_) + " expects sequence " +
                             std::to_string(account_.last_sequence + 1) + " and was given " +
                             std::to_string(event.sequence()));
  RecordedEvent recorded{event, {}};
  if (keeps_seal(event.type())) recorded.clear_hash = bus::sha256(event.clear_bytes());
  evolve(account_, recorded);
  time_ = event.time();
  if (event.type() == EventType::api_key_created || event.type() == EventType::api_key_revoked)
    take_api_key_event(recorded);
  else if (event.target().kind == PartyKind::siem_destination)
    take_siem_destination_event(recorded);
  else if (event.target().kind == PartyKind::licence)
    take_licence_event(recorded);
  else if (event.target().kind == PartyKind::hardware_token)
    take_hardware_token_event(recorded);
  else if (changes_user(event))
    take_user_event(recorded);
}

void AccountFold::take_api_key_event(const RecordedEvent& recorded) {
  auto& key = api_keys_[recorded.event.target().id];
  if (!key) key = std::make_shared<ApiKey>();
  account_.admin_keys -= is_lasting_admin(*key);
  evolve(*key, recorded);
  account_.admin_keys += is_lasting_admin(*key);
}

void AccountFold::take_siem_destination_event(const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto id = event.target().id;
  const bool begins = event.type() == EventType::siem_destination_created;
  if (!begins && !siem_destinations_.contains(id)) {
    if (event.type() == EventType::siem_destination_exported) return;  // it was deleted meanwhile
    throw std::runtime_error("an event is about a SIEM destination that doesn't exist: " +
                             SiemDestinationId{id}.text());
  }
  account_.siem_destinations += begins;
  if (event.type() == EventType::siem_destination_deleted) {
    account_.siem_destinations -= 1;
    siem_destinations_.erase(id);
    return;
  }
  auto& destination = siem_destinations_[id];
  if (!destination) destination = std::make_shared<SiemDestination>();
  evolve(*destination, recorded);
}

void AccountFold::take_licence_event(const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto id = event.target().id;
  if (event.type() != EventType::licence_created && !licences_.contains(id))
    throw std::runtime_error("an event is about a licence that doesn't exist: " + LicenceId{id}.text());
  if (event.type() == EventType::licence_deleted) {
    licences_.erase(id);
    return;
  }
  auto& licence = licences_[id];
  if (!licence) licence = std::make_shared<Licence>();
  evolve(*licence, recorded);
}

void AccountFold::take_hardware_token_event(const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const auto id = event.target().id;
  if (event.type() != EventType::hardware_token_imported && !hardware_tokens_.contains(id))
    throw std::runtime_error("an event is about a hardware token that doesn't exist: " + HardwareTokenId{id}.text());
  if (event.type() == EventType::hardware_token_deleted) {
    hardware_tokens_.erase(id);
    return;
  }
  auto& token = hardware_tokens_[id];
  if (!token) token = std::make_shared<HardwareToken>();
  evolve(*token, recorded);
}

void AccountFold::take_user_event(const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const UserId id{event.subject().id};
  const bool begins = event.type() == EventType::user_created;
  auto found = users_.find(id.uuid);
  if (found == users_.end()) {
    if (!begins) throw std::runtime_error("an event is about a user that doesn't exist: " + id.text());
    found = users_.emplace(id.uuid, std::make_shared<User>()).first;
  } else if (begins) {
    *found->second = {};
  }
  auto& user = *found->second;
  switch (event.type()) {
    case EventType::user_erased: return erase(user);
    case EventType::user_created:
    case EventType::user_updated: return take_profile(user, recorded);
    case EventType::user_disabled:
    case EventType::user_enabled:
    case EventType::authenticator_verification_failed:
    case EventType::authenticator_unlocked: return evolve(user, recorded);
    default: break;
  }
  switch (event.target().kind) {
    case PartyKind::registration_code: take_code(user, recorded); break;
    case PartyKind::device:
    case PartyKind::token:
    case PartyKind::session:
      evolve(user, recorded);
      if (event.type() == EventType::device_activated) activations_[event.target().id] = {id, nullptr};
      break;
    case PartyKind::authenticator: return take_authenticator(user, recorded);
    default: return;
  }
  settle_ended(user);
}

void AccountFold::take_profile(User& user, const RecordedEvent& recorded) {
  evolve_counting_mfa(account_, user, recorded);
  account_.users += recorded.event.type() == EventType::user_created;
}

void AccountFold::take_authenticator(User& user, const RecordedEvent& recorded) {
  const AuthenticatorId id{recorded.event.target().id};
  evolve_counting_mfa(account_, user, recorded);
  const bool lives = std::as_const(user).authenticator(id) != nullptr;
  (lives ? authenticators_ : deleted_authenticators_)[id.uuid] = user.id;
  if (!lives) authenticators_.erase(id.uuid);
}

void AccountFold::take_code(User& user, const RecordedEvent& recorded) {
  const CodeId id{recorded.event.target().id};
  const auto known = codes_.find(id.uuid);
  if (!user.code(id) && known != codes_.end() && known->second.ended) {  // one that has ended can still be revoked
    auto code = *known->second.ended;
    evolve(code, recorded);
    known->second.ended = std::make_shared<const Code>(std::move(code));
    return;
  }
  const bool was_open = is_open(user.code(id));
  evolve(user, recorded);
  account_.open_codes += is_open(user.code(id));
  account_.open_codes -= was_open;
  if (recorded.event.type() == EventType::registration_code_generated) codes_[id.uuid] = {user.id, nullptr};
}

void AccountFold::settle_ended(User& user) {
  const bool none =
      std::ranges::none_of(user.codes, &Code::ended) && std::ranges::all_of(user.activations, &Activation::device_live);
  if (none) return;
  auto ended = take_ended(user);
  for (auto& code : ended.codes) {
    const auto id = code.id.uuid;
    codes_[id] = {user.id, std::make_shared<const Code>(std::move(code))};
  }
  for (auto& activation : ended.activations) {
    const auto id = activation.id;
    activations_[id] = {user.id, std::make_shared<const Activation>(std::move(activation))};
  }
}

void AccountFold::erase(const User& user) {
  const auto id = user.id.uuid;
  for (const auto& code : user.codes) {
    account_.open_codes -= is_open(&code);
    codes_.erase(code.id.uuid);
  }
  for (const auto& activation : user.activations) activations_.erase(activation.id);
  for (const auto& authenticator : user.authenticators) authenticators_.erase(authenticator.id.uuid);
  boost::unordered::erase_if(deleted_authenticators_, [&](const auto& deleted) { return deleted.second == user.id; });
  for (const auto& code : user.ended_codes) codes_.erase(code.uuid);
  for (const auto& activation : user.ended_activations) activations_.erase(activation);
  account_.users -= 1;
  account_.mfa_users -= user.has_mfa();
  erased_.insert(id);
  users_.erase(id);
}

// --- looking ---------------------------------------------------------------------------------------------------------

void AccountFold::each_user(const std::function<void(const User&)>& visit) const {
  in_order(users_, visit);
}

void AccountFold::each_api_key(const std::function<void(const ApiKey&)>& visit) const {
  in_order(api_keys_, visit);
}

void AccountFold::each_licence(const std::function<void(const Licence&)>& visit) const {
  in_order(licences_, visit);
}

void AccountFold::each_hardware_token(const std::function<void(const HardwareToken&)>& visit) const {
  in_order(hardware_tokens_, visit);
}

void AccountFold::each_siem_destination(const std::function<void(const SiemDestination&)>& visit) const {
  in_order(siem_destinations_, visit);
}

const Code* AccountFold::code(CodeId id) const {
  const auto found = codes_.find(id.uuid);
  if (found == codes_.end()) return nullptr;
  if (found->second.ended) return found->second.ended.get();
  const auto owner = users_.find(found->second.user.uuid);
  return owner == users_.end() ? nullptr : std::as_const(*owner->second).code(id);
}

const Activation* AccountFold::activation(const Uuid& id) const {
  const auto found = activations_.find(id);
  if (found == activations_.end()) return nullptr;
  if (found->second.ended) return found->second.ended.get();
  const auto owner = users_.find(found->second.user.uuid);
  return owner == users_.end() ? nullptr : std::as_const(*owner->second).activation(id);
}

std::optional<UserId> AccountFold::owner_of_code(CodeId id) const {
  const auto found = codes_.find(id.uuid);
  return found == codes_.end() ? std::nullopt : std::optional(found->second.user);
}

std::optional<UserId> AccountFold::owner_of_activation(const Uuid& id) const {
  const auto found = activations_.find(id);
  return found == activations_.end() ? std::nullopt : std::optional(found->second.user);
}

const Code* AccountFold::code_with(const Digest& digest) const {
  for (const auto& [id, owned] : codes_)
    if (const auto* known = code(CodeId{id}); known && known->digest == digest) return known;
  return nullptr;
}

std::shared_ptr<const Account> AccountFold::account(AccountId id) const {
  return id == id_ && exists() ? std::make_shared<const Account>(account_) : nullptr;
}

std::shared_ptr<const User> AccountFold::user(AccountId account, UserId id) const {
  const auto found = users_.find(id.uuid);
  return account != id_ || found == users_.end() ? nullptr : found->second;
}

std::shared_ptr<const ApiKey> AccountFold::api_key(AccountId account, ApiKeyId id) const {
  const auto found = api_keys_.find(id.uuid);
  return account != id_ || found == api_keys_.end() ? nullptr : found->second;
}

std::shared_ptr<const SiemDestination> AccountFold::siem_destination(AccountId account, SiemDestinationId id) const {
  const auto found = siem_destinations_.find(id.uuid);
  return account != id_ || found == siem_destinations_.end() ? nullptr : found->second;
}

std::shared_ptr<const Licence> AccountFold::licence(AccountId account, LicenceId id) const {
  const auto found = licences_.find(id.uuid);
  return account != id_ || found == licences_.end() ? nullptr : found->second;
}

std::shared_ptr<const HardwareToken> AccountFold::hardware_token(AccountId account, HardwareTokenId id) const {
  const auto found = hardware_tokens_.find(id.uuid);
  return account != id_ || found == hardware_tokens_.end() ? nullptr : found->second;
}

std::optional<DigestEntry> AccountFold::find(const Digest&) const {
  return std::nullopt;
}

std::optional<Located> AccountFold::locate_code(AccountId account, CodeId id) const {
  const auto found = codes_.find(id.uuid);
  if (account != id_ || found == codes_.end()) return std::nullopt;
  return Located{found->second.user, found->second.ended, nullptr};
}

std::optional<UserId> AccountFold::owner_of_authenticator(AuthenticatorId id) const {
  for (const auto* known : {&authenticators_, &deleted_authenticators_})
    if (const auto found = known->find(id.uuid); found != known->end()) return found->second;
  return std::nullopt;
}

std::optional<Located> AccountFold::locate_authenticator(AccountId account, AuthenticatorId id) const {
  const auto found = authenticators_.find(id.uuid);
  if (account != id_ || found == authenticators_.end()) return std::nullopt;
  return Located{found->second, nullptr, nullptr};
}

std::optional<Located> AccountFold::locate_activation(AccountId account, const Uuid& id) const {
  const auto found = activations_.find(id);
  if (account != id_ || found == activations_.end()) return std::nullopt;
  return Located{found->second.user, nullptr, found->second.ended};
}

std::optional<AccountId> AccountFold::account_of_slot(std::uint16_t slot) const {
  return exists() && account_.slot == slot ? std::optional(id_) : std::nullopt;
}

}  // namespace countersign::replay
