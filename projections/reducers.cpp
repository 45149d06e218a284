#include "projections/reducers.h"

#include <algorithm>
#include <stdexcept>

#include "domain/mfa_count.h"

namespace countersign::projections {
namespace {

using namespace domain;

/// The row of a decoded object, owned by this overlay: loaded or copied once, then changed in place.
template <class Object>
Object& edit(Overlay& overlay, const std::string& key, const std::shared_ptr<const Object>& current) {
  auto& row = overlay.at(key);
  if (auto* own = std::get_if<std::shared_ptr<Object>>(&row)) return **own;
  row = current ? std::make_shared<Object>(*current) : std::make_shared<Object>();
  return *std::get<std::shared_ptr<Object>>(row);
}

Account& edit_account(Overlay& overlay, const ViewState& state, AccountId id) {
  const auto key = account_key(id);
  if (const auto* row = overlay.find(key))
    if (auto* own = std::get_if<std::shared_ptr<Account>>(row)) return **own;
  return edit<Account>(overlay, key, state.account(id));
}

User& edit_user(Overlay& overlay, const ViewState& state, AccountId account, UserId id, bool begins) {
  const auto key = user_key(account, id);
  if (const auto* row = overlay.find(key))
    if (auto* own = std::get_if<std::shared_ptr<User>>(row)) return **own;
  auto current = begins ? nullptr : state.user(account, id);
  if (!begins && !current) throw std::runtime_error("view: an event is about a user that doesn't exist: " + id.text());
  return edit<User>(overlay, key, current);
}

/// Rows that follow from an object's state: digests that find it, and when something about it expires. They are
/// written as the difference between before and after.
struct Derived {
  std::vector<std::pair<std::string, std::string>> rows;  ///< three at most
  void digest(AccountId account, const Digest& digest, PartyKind kind, const Uuid& id, UserId user) {
    if (digest != Digest{}) rows.emplace_back(digest_key(digest), encode(DigestEntry{account, kind, id, user}));
  }
  void expiry(UnixMs time, AccountId account, Party object, UserId user) {
    if (time != 0) rows.emplace_back(expiry_key(time, account, object), std::string(user.uuid.view()));
  }
  const std::string* find(std::string_view key) const {
    const auto it = std::ranges::find(rows, key, &std::pair<std::string, std::string>::first);
    return it == rows.end() ? nullptr : &it->second;
  }
};

Derived derived(AccountId account, const User& user, const Code* code) {
  Derived out;
  if (!code) return out;
  out.digest(account, code->digest, PartyKind::registration_code, code->id.uuid, user.id);
  if (code->status == CodeStatus::reserved) {
    out.digest(account, code->ticket, PartyKind::source, code->id.uuid, user.id);
    out.expiry(code->ticket_expires_at, account, party(code->id), user.id);
  }
  if (code->status == CodeStatus::open || code->status == CodeStatus::reserved)
    out.expiry(code->expires_at, account, party(code->id), user.id);
  return out;
}

Derived derived(AccountId account, const User& user, const Activation* activation) {
  Derived out;
  if (!activation || activation->token_ended_at != 0) return out;
  out.digest(account, activation->token, PartyKind::token, activation->id, user.id);
  out.expiry(activation->ends_at(), account, party(activation->token_id()), user.id);
  return out;
}

Derived derived(AccountId account, const User& user, const Authenticator* authenticator) {
  Derived out;
  // What can't expire any more isn't due: the sweep would find it again and again.
  if (!authenticator || !may(AuthenticatorAction::expire, authenticator->type, authenticator->status)) return out;
  out.expiry(authenticator->ends_at(), account, party(authenticator->id), user.id);
  return out;
}

Derived derived_delivery(AccountId account, const User& user, const Authenticator* authenticator) {
  Derived out;
  if (authenticator && authenticator->challenge.is_under_way())
    out.rows.emplace_back(delivery_key(account, authenticator->id), std::string(user.id.uuid.view()));
  return out;
}

Derived derived(AccountId account, const User& user) {
  Derived out;
  out.digest(account, user.email, PartyKind::user, user.id.uuid, user.id);
  out.digest(account, user.login_name, PartyKind::user, user.id.uuid, user.id);
  return out;
}

void write_difference(Overlay& overlay, const Derived& before, Derived after) {
  for (const auto& [key, bytes] : before.rows)
    if (!after.find(key)) overlay.erase(key);
  for (auto& [key, bytes] : after.rows) {
    const auto* former = before.find(key);
    if (!former || *former != bytes) overlay.put(key, std::move(bytes));
  }
}

bool is_open(const Code* code) {
  return code && (code->status == CodeStatus::open || code->status == CodeStatus::reserved);
}

void forget(Overlay& overlay, const ViewState& state, AccountId account, const std::vector<CodeId>& codes,
            const std::vector<Uuid>& activations) {
  for (const auto& id : codes) {
    const auto located = state.locate_code(account, id);
    if (located && located->ended_code) overlay.erase(digest_key(located->ended_code->digest));
    overlay.erase(code_key(account, id));
  }
  for (const auto& id : activations) overlay.erase(activation_key(account, id));
}

/// Ended objects leave the user's row for a last record of their own.
void settle_ended(Overlay& overlay, const ViewState& state, AccountId account, User& user) {
  auto ended = take_ended(user);
  for (auto& code : ended.codes) {
    const auto id = code.id;
    overlay.put(code_key(account, id),
                encode(Located{user.id, std::make_shared<const Code>(std::move(code)), nullptr}));
  }
  for (auto& activation : ended.activations) {
    const auto id = activation.id;
    overlay.put(activation_key(account, id),
                encode(Located{user.id, nullptr, std::make_shared<const Activation>(std::move(activation))}));
  }
  forget(overlay, state, account, ended.forgotten_codes, ended.forgotten_activations);
}

void erase_rows(Overlay& overlay, const ViewState& state, AccountId account, const User& user) {
  const auto drop = [&](const Derived& rows) { write_difference(overlay, rows, {}); };
  drop(derived(account, user));
  for (const auto& code : user.codes) {
    drop(derived(account, user, &code));
    overlay.erase(code_key(account, code.id));
  }
  for (const auto& activation : user.activations) {
    drop(derived(account, user, &activation));
    overlay.erase(activation_key(account, activation.id));
  }
  for (const auto& authenticator : user.authenticators) {
    drop(derived(account, user, &authenticator));
    drop(derived_delivery(account, user, &authenticator));
    overlay.erase(authenticator_key(account, authenticator.id));
  }
  forget(overlay, state, account, user.ended_codes, user.ended_activations);
  overlay.erase(user_key(account, user.id));
  overlay.put(erased_key(account, user.id), "");
}

/// A code or activation that has already left the user's row can still be revoked.
bool reduce_ended(Overlay& overlay, const ViewState& state, const RecordedEvent& recorded, const User& user) {
  const auto account = recorded.event.account();
  const auto target = recorded.event.target();
  if (target.kind != PartyKind::registration_code || user.code(CodeId{target.id})) return false;
  if (recorded.event.type() == EventType::registration_code_generated) return false;  // spares a look at the disk
  const auto located = state.locate_code(account, CodeId{target.id});
  if (!located || !located->ended_code) return false;
  auto code = *located->ended_code;
  evolve(code, recorded);
  overlay.put(code_key(account, code.id), encode(Located{user.id, std::make_shared<const Code>(code), nullptr}));
  return true;
}

void reduce_code(Overlay& overlay, Account& account, User& user, const RecordedEvent& recorded) {
  const CodeId id{recorded.event.target().id};
  const auto before = derived(account.id, user, std::as_const(user).code(id));
  const bool was_open = is_open(user.code(id));
  evolve(user, recorded);
  const auto* code = user.code(id);
  write_difference(overlay, before, derived(account.id, user, code));
  account.open_codes += is_open(code);
  account.open_codes -= was_open;
  if (recorded.event.type() == EventType::registration_code_generated)
    overlay.put(code_key(account.id, id), encode(Located{user.id, nullptr, nullptr}));
}

void reduce_activation(Overlay& overlay, const Account& account, User& user, const RecordedEvent& recorded) {
  const auto id = recorded.event.target().id;
  const auto before = derived(account.id, user, std::as_const(user).activation(id));
  evolve(user, recorded);
  write_difference(overlay, before, derived(account.id, user, std::as_const(user).activation(id)));
  if (recorded.event.type() == EventType::device_activated)
    overlay.put(activation_key(account.id, id), encode(Located{user.id, nullptr, nullptr}));
}

void reduce_authenticator(Overlay& overlay, Account& account, User& user, const RecordedEvent& recorded) {
  const AuthenticatorId id{recorded.event.target().id};
  const auto* former = std::as_const(user).authenticator(id);
  const auto before = derived(account.id, user, former);
  const auto delivery_before = derived_delivery(account.id, user, former);
  evolve_counting_mfa(account, user, recorded);
  const auto* now = std::as_const(user).authenticator(id);
  write_difference(overlay, before, derived(account.id, user, now));
  write_difference(overlay, delivery_before, derived_delivery(account.id, user, now));
  const auto key = authenticator_key(account.id, id);
  if (recorded.event.type() == EventType::authenticator_enrolled)
    overlay.put(key, encode(Located{user.id, nullptr, nullptr}));
  else if (!now)
    overlay.erase(key);
}

void reduce_profile(Overlay& overlay, Account& account, User& user, const RecordedEvent& recorded) {
  const bool begins = recorded.event.type() == EventType::user_created;
  const auto before = begins ? Derived{} : derived(account.id, user);
  evolve_counting_mfa(account, user, recorded);
  write_difference(overlay, before, derived(account.id, user));
  account.users += begins;
}

void reduce_user_event(Overlay& overlay, const ViewState& state, Account& account, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  const UserId id{event.subject().id};
  auto& user = edit_user(overlay, state, account.id, id, event.type() == EventType::user_created);
  switch (event.type()) {
    case EventType::user_erased: {
      const User erased = user;
      for (const auto& code : erased.codes) account.open_codes -= is_open(&code);
      account.users -= 1;
      account.mfa_users -= erased.has_mfa();
      return erase_rows(overlay, state, account.id, erased);
    }
    case EventType::user_created:
    case EventType::user_updated: return reduce_profile(overlay, account, user, recorded);
    case EventType::user_disabled:
    case EventType::user_enabled:
    case EventType::authenticator_verification_failed:
    case EventType::authenticator_unlocked: return evolve(user, recorded);
    default: break;
  }
  switch (event.target().kind) {
    case PartyKind::registration_code:
      if (reduce_ended(overlay, state, recorded, user)) return;
      reduce_code(overlay, account, user, recorded);
      break;
    case PartyKind::device:
    case PartyKind::token:
    case PartyKind::session: reduce_activation(overlay, account, user, recorded); break;
    case PartyKind::authenticator: return reduce_authenticator(overlay, account, user, recorded);
    default: return;
  }
  settle_ended(overlay, state, account.id, user);
}

void reduce_api_key(Overlay& overlay, const ViewState& state, Account& account, const RecordedEvent& recorded) {
  const ApiKeyId id{recorded.event.target().id};
  const auto current = state.api_key(account.id, id);
  ApiKey key = current ? *current : ApiKey{};
  const auto lasting_admin = [](const ApiKey& k) {
    return k.role == Role::admin && k.expires_at == 0 && k.revoked_at == 0;
  };
  account.admin_keys -= lasting_admin(key);
  evolve(key, recorded);
  account.admin_keys += lasting_admin(key);
  overlay.put(api_key_key(account.id, id), encode(key));
  overlay.put(digest_key(key.digest), encode(DigestEntry{account.id, PartyKind::api_key, id.uuid, {}}));
}

void note_destination_change(Overlay& overlay, const ViewState& state) {
  const auto partition = overlay.partition();
  overlay.put(destination_changes_key(partition), encode_number(state.destination_changes(partition) + 1));
}

void reduce_siem_destination(Overlay& overlay, const ViewState& state, Account& account,
                             const RecordedEvent& recorded) {
  const SiemDestinationId id{recorded.event.target().id};
  const auto key = siem_destination_key(account.id, id);
  const auto type = recorded.event.type();
  const auto current = state.siem_destination(account.id, id);
  if (!current && type == EventType::siem_destination_exported) return;  // it was deleted meanwhile
  if (!current && type != EventType::siem_destination_created)
    throw std::runtime_error("view: an event is about a SIEM destination that doesn't exist: " + id.text());
  account.siem_destinations += type == EventType::siem_destination_created;
  account.siem_destinations -= type == EventType::siem_destination_deleted;
  if (type != EventType::siem_destination_exported) note_destination_change(overlay, state);
  if (type == EventType::siem_destination_deleted) return overlay.erase(key);
  SiemDestination destination = current ? *current : SiemDestination{};
  evolve(destination, recorded);
  overlay.put(key, encode(destination));
}

void reduce_licence(Overlay& overlay, const ViewState& state, const RecordedEvent& recorded) {
  const auto account = recorded.event.account();
  const LicenceId id{recorded.event.target().id};
  const auto key = licence_key(account, id);
  const auto type = recorded.event.type();
  const auto current = state.licence(account, id);
  if (!current && type != EventType::licence_created)
    throw std::runtime_error("view: an event is about a licence that doesn't exist: " + id.text());
  if (type == EventType::licence_deleted) {
    overlay.erase(digest_key(current->serial));
    return overlay.erase(key);
  }
  Licence licence = current ? *current : Licence{};
  evolve(licence, recorded);
  overlay.put(key, encode(licence));
  if (type == EventType::licence_created)
    overlay.put(digest_key(licence.serial), encode(DigestEntry{account, PartyKind::licence, id.uuid, {}}));
}

void reduce_hardware_token(Overlay& overlay, const ViewState& state, const RecordedEvent& recorded) {
  const auto account = recorded.event.account();
  const HardwareTokenId id{recorded.event.target().id};
  const auto key = hardware_token_key(account, id);
  const auto type = recorded.event.type();
  const auto current = state.hardware_token(account, id);
  if (!current && type != EventType::hardware_token_imported)
    throw std::runtime_error("view: an event is about a hardware token that doesn't exist: " + id.text());
  if (type == EventType::hardware_token_deleted) {
    overlay.erase(digest_key(current->settings.serial));
    return overlay.erase(key);
  }
  HardwareToken token = current ? *current : HardwareToken{};
  evolve(token, recorded);
  overlay.put(key, encode(token));
  if (type == EventType::hardware_token_imported)
    overlay.put(digest_key(token.settings.serial),
                encode(DigestEntry{account, PartyKind::hardware_token, id.uuid, {}}));
}

bool changes_user(const EventView& event) {
  return event.subject().kind == PartyKind::user && event.clear().payload_type() != fb::Payload::Refusals;
}

}  // namespace

void reduce(Overlay& overlay, const ViewState& state, const RecordedEvent& recorded, std::string_view bytes) {
  const auto& event = recorded.event;
  auto& account = edit_account(overlay, state, event.account());
  if (event.sequence() != account.last_sequence + 1)
    throw std::runtime_error("view: account " + account_text(event.account()) + " expects sequence " +
                             std::to_string(account.last_sequence + 1) + " and was given " +
                             std::to_string(event.sequence()));
  evolve(account, recorded);
  overlay.add_event(event.account(), event.sequence(), bytes);
  switch (event.type()) {
    case EventType::account_created:
      // System accounts have no secrets, and their slots may be those of accounts in other partitions.
      if (!is_system_account(account.id)) overlay.put(slot_key(account.slot), std::string(account.id.uuid.view()));
      break;
    case EventType::account_suspended:
    case EventType::account_resumed: note_destination_change(overlay, state); break;
    case EventType::api_key_created:
    case EventType::api_key_revoked: reduce_api_key(overlay, state, account, recorded); break;
    case EventType::siem_destination_created:
    case EventType::siem_destination_updated:
    case EventType::siem_destination_paused:
    case EventType::siem_destination_resumed:
    case EventType::siem_destination_deleted:
    case EventType::siem_destination_rewound:
    case EventType::siem_destination_exported: reduce_siem_destination(overlay, state, account, recorded); break;
    case EventType::licence_created:
    case EventType::licence_updated:
    case EventType::licence_deleted:
    case EventType::licence_activation_reserved:
    case EventType::licence_activation_released: reduce_licence(overlay, state, recorded); break;
    case EventType::hardware_token_imported:
    case EventType::hardware_token_assigned:
    case EventType::hardware_token_unassigned:
    case EventType::hardware_token_retired:
    case EventType::hardware_token_deleted: reduce_hardware_token(overlay, state, recorded); break;
    default:
      if (changes_user(event)) reduce_user_event(overlay, state, account, recorded);
  }
}

void reduce_answer(Overlay& overlay, std::string_view record, UnixMs frame_time) {
  if (record.size() < 32) throw std::runtime_error("view: malformed answer record");
  overlay.put(answer_key(overlay.partition(), day_of(frame_time), record.substr(0, 32)), std::string(record));
}

}  // namespace countersign::projections
