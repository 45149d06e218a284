#include "domain/account.h"

#include <algorithm>

#include "domain/slot.h"

namespace countersign::domain {

UnixMs Provisioning::code_validity() const {
  return code_validity_value * (code_validity_unit == fb::ValidityUnit::hours ? hour_ms : day_ms);
}

std::string_view Provisioning::name_of(std::string_view authenticator_type) const {
  const auto found = std::ranges::find(authenticator_type_names, authenticator_type, &AuthenticatorTypeName::type);
  return found == authenticator_type_names.end() ? std::string_view() : found->name;
}

ProvisioningChange ProvisioningChange::to(const Provisioning& wanted) {
  return {wanted.method,
          wanted.code_validity_value,
          wanted.code_validity_unit,
          wanted.send_to_created,
          wanted.send_to_imported,
          wanted.notify_disabled,
          wanted.max_authenticators,
          wanted.allowed_authenticators,
          wanted.authenticator_type_names,
          wanted.mfa_exempt_authenticators,
          wanted.access_token_validity_seconds,
          wanted.session_lifetime_seconds};
}

Provisioning ProvisioningChange::applied_to(Provisioning policy) const {
  const auto take = [](auto& value, const auto& named) {
    if (named) value = *named;
  };
  take(policy.method, method);
  take(policy.code_validity_value, code_validity_value);
  take(policy.code_validity_unit, code_validity_unit);
  take(policy.send_to_created, send_to_created);
  take(policy.send_to_imported, send_to_imported);
  take(policy.notify_disabled, notify_disabled);
  take(policy.max_authenticators, max_authenticators);
  take(policy.allowed_authenticators, allowed_authenticators);
  take(policy.authenticator_type_names, authenticator_type_names);
  take(policy.mfa_exempt_authenticators, mfa_exempt_authenticators);
  take(policy.access_token_validity_seconds, access_token_validity_seconds);
  take(policy.session_lifetime_seconds, session_lifetime_seconds);
  return policy;
}

// --- evolve ----------------------------------------------------------------------------------------------------------

namespace {

std::string text_of(const flatbuffers::String* text) {
  return text ? text->str() : "";
}

std::vector<std::string> texts_of(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* all) {
  std::vector<std::string> texts;
  if (all)
    for (const auto* text : *all) texts.push_back(text_of(text));
  return texts;
}

}  // namespace

Provisioning provisioning_of(const fb::ProvisioningChanged& change) {
  Provisioning policy;
  policy.method = change.method();
  policy.code_validity_value = change.code_validity_value();
  policy.code_validity_unit = change.code_validity_unit();
  policy.send_to_created = change.send_to_created();
  policy.send_to_imported = change.send_to_imported();
  policy.notify_disabled = change.notify_disabled();
  policy.access_token_validity_seconds = change.access_token_validity_seconds();
  policy.session_lifetime_seconds = change.session_lifetime_seconds();
  if (change.max_authenticators())
    for (const auto* limit : *change.max_authenticators())
      policy.max_authenticators.push_back({text_of(limit->type()), limit->maximum()});
  policy.allowed_authenticators = texts_of(change.allowed_authenticators());
  policy.mfa_exempt_authenticators = texts_of(change.mfa_exempt_authenticators());
  if (change.authenticator_type_names())
    for (const auto* each : *change.authenticator_type_names())
      policy.authenticator_type_names.push_back({text_of(each->type()), text_of(each->name())});
  return policy;
}

void evolve(Account& account, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  account.last_sequence = event.sequence();
  switch (event.type()) {
    case EventType::account_created:
      account.id = event.account();
      account.created_at = event.time();
      account.name = recorded.seal();
      if (const auto* created = event.clear().payload_as_AccountCreated()) account.slot = created->slot();
      break;
    case EventType::account_suspended: account.suspended = true; break;
    case EventType::account_resumed: account.suspended = false; break;
    case EventType::provisioning_changed:
      if (const auto* change = event.clear().payload_as_ProvisioningChanged())
        account.provisioning = provisioning_of(*change);
      break;
    default: break;  // counts that depend on the object before and after are kept by the projection's reducers
  }
}

void evolve(ApiKey& key, const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  if (event.type() == EventType::api_key_created) {
    const auto* created = event.clear().payload_as_ApiKeyCreated();
    key.id = ApiKeyId{event.target().id};
    key.digest = EventView::to_digest(created->digest());
    key.role = created->role();
    key.created_at = event.time();
    key.expires_at = created->expires_at();
    key.name = recorded.seal();
  } else if (event.type() == EventType::api_key_revoked) {
    key.revoked_at = event.time();
  }
}

// --- decide ----------------------------------------------------------------------------------------------------------

std::optional<Refusal> refuse_unless(const State& state, const Context& context, RoleSet allowed) {
  if (context.actor.kind == PartyKind::system) return std::nullopt;
  if (context.actor.kind == PartyKind::root) {
    if (allowed & role_bit(Role::root)) return std::nullopt;
    return Refusal{RefusalCode::role_insufficient, "The root key manages accounts, nothing inside one."};
  }
  const auto key = state.api_key(context.account, ApiKeyId{context.actor.id});
  if (!key || !key->live(context.now)) return Refusal{RefusalCode::key_invalid, "The API key is not valid (any more)."};
  if (!(allowed & role_bit(key->role)))
    return Refusal{RefusalCode::role_insufficient, "The API key's role does not permit this."};
  const auto account = state.account(context.account);
  if (!account || account->suspended) return Refusal{RefusalCode::account_suspended, "The account is suspended."};
  return std::nullopt;
}

namespace {

NewEvent key_created(AccountId account, const DrawnKey& key, Role role, std::string name, UnixMs expires_at) {
  NewEvent event{
      .type = EventType::api_key_created, .subject = party(key.id), .target = party(key.id), .account = account};
  fb::ApiKeyCreatedT payload;
  payload.digest = to_fb(key.digest);
  payload.role = role;
  payload.expires_at = expires_at;
  event.payload.Set(std::move(payload));
  event.personal.name = std::move(name);
  return event;
}

NewEvent account_event(EventType type, AccountId account) {
  return {.type = type, .subject = party(account), .target = party(account), .account = account};
}

NewEvent account_created(AccountId account, std::string name) {
  auto event = account_event(EventType::account_created, account);
  fb::AccountCreatedT payload;
  payload.slot = slot_of(account);
  event.payload.Set(payload);
  event.personal.name = std::move(name);
  return event;
}

}  // namespace

Decision<AccountCreated> decide(const State& state, const Context& context, const CreateAccount& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::root))) return *refusal;
  for (std::size_t i = 0; i < command.candidates.size(); ++i) {
    const auto id = command.candidates[i];
    if (state.account_of_slot(slot_of(id))) continue;
    std::vector<NewEvent> events;
    events.push_back(account_created(id, command.name));
    events.push_back(key_created(id, command.admin_keys[i], Role::admin, "first administrator", 0));
    return {AccountCreated{i}, std::move(events)};
  }
  return Refusal{RefusalCode::no_free_slot, "No free slot was found: this log holds as many accounts as it can."};
}

Decision<Done> decide(const State& state, const Context& context, const CreateSystemAccount&) {
  if (state.account(context.system)) return Done{};
  std::vector<NewEvent> events;
  events.push_back(account_created(context.system, "Countersign"));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const SetAccountStatus& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::root))) return *refusal;
  const auto account = state.account(command.account);
  if (!account || is_system_account(account->id)) return Refusal{RefusalCode::not_found, "There is no such account."};
  if (account->suspended == command.suspended) return Done{};
  std::vector<NewEvent> events;
  events.push_back(
      account_event(command.suspended ? EventType::account_suspended : EventType::account_resumed, account->id));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const RescueAccount& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::root))) return *refusal;
  if (!state.account(command.account) || is_system_account(command.account))
    return Refusal{RefusalCode::not_found, "There is no such account."};
  if (state.api_key(command.account, command.key.id)) return Done{};
  std::vector<NewEvent> events;
  auto created = key_created(command.account, command.key, Role::admin, "rescue", 0);
  created.reason = Reason::rescue;
  events.push_back(std::move(created));
  auto noted = account_event(EventType::account_rescued, context.system);
  noted.subject = party(command.account);
  noted.target = party(command.key.id);
  events.push_back(std::move(noted));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const ChangeProvisioning& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto account = state.account(context.account);
  const auto wanted = command.change.applied_to(account->provisioning);
  if (wanted.code_validity_value == 0 || wanted.code_validity() > longest_code_validity)
    return Refusal{RefusalCode::validity_out_of_range, "A registration code is valid for 1 hour to 7 days."};
  const bool mails = wanted.method == fb::Method::invitation_email || wanted.send_to_created ||
                     wanted.send_to_imported || wanted.notify_disabled;
  if (mails && !command.mail_configured)
    return Refusal{RefusalCode::delivery_not_configured,
                   "Mail settings need a mail transport, and none is configured."};
  const bool switched = wanted.method == fb::Method::registration_code && account->provisioning.method != wanted.method;
  if (switched && account->mfa_users > 0)
    return Refusal{
        RefusalCode::mfa_configured,
        std::to_string(account->mfa_users) +
            " users have MFA configured and can't be provisioned by registration code; GET /v1/users?mfa=true "
            "lists them."};
  if (wanted == account->provisioning) return Done{};

  auto event = account_event(EventType::provisioning_changed, context.account);
  fb::ProvisioningChangedT payload;
  payload.method = wanted.method;
  payload.code_validity_value = wanted.code_validity_value;
  payload.code_validity_unit = wanted.code_validity_unit;
  payload.send_to_created = wanted.send_to_created;
  payload.send_to_imported = wanted.send_to_imported;
  payload.notify_disabled = wanted.notify_disabled;
  payload.access_token_validity_seconds = wanted.access_token_validity_seconds;
  payload.session_lifetime_seconds = wanted.session_lifetime_seconds;
  for (const auto& limit : wanted.max_authenticators) {
    auto row = std::make_unique<fb::AuthenticatorLimitT>();
    row->type = limit.type;
    row->maximum = limit.maximum;
    payload.max_authenticators.push_back(std::move(row));
  }
  for (const auto& named : wanted.authenticator_type_names) {
    auto row = std::make_unique<fb::AuthenticatorTypeNameT>();
    row->type = named.type;
    row->name = named.name;
    payload.authenticator_type_names.push_back(std::move(row));
  }
  payload.allowed_authenticators = wanted.allowed_authenticators;
  payload.mfa_exempt_authenticators = wanted.mfa_exempt_authenticators;
  event.payload.Set(std::move(payload));
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const CreateApiKey& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  if (state.api_key(context.account, command.key.id)) return Done{};
  std::vector<NewEvent> events;
  events.push_back(key_created(context.account, command.key, command.role, command.name, command.expires_at));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const ExportAuditKey& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  auto event = account_event(EventType::audit_key_exported, context.account);
  event.personal.detail = command.key_id;
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return {Done{}, std::move(events)};
}

Decision<Done> decide(const State& state, const Context& context, const RevokeApiKey& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  const auto key = state.api_key(context.account, command.key);
  if (!key) return Refusal{RefusalCode::not_found, "There is no such API key."};
  if (key->revoked_at != 0) return Done{};
  const auto account = state.account(context.account);
  // A key that expires doesn't count: the account would be locked out when it does.
  if (key->role == Role::admin && key->expires_at == 0 && account->admin_keys <= 1)
    return Refusal{RefusalCode::last_admin_key, "This is the account's last administrator key without an expiry."};
  NewEvent event{.type = EventType::api_key_revoked, .subject = party(key->id), .target = party(key->id)};
  fb::ApiKeyRevokedT payload;
  payload.digest = to_fb(key->digest);
  event.payload.Set(payload);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return {Done{}, std::move(events)};
}

}  // namespace countersign::domain
