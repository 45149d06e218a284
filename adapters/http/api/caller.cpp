#include "adapters/http/api/caller.h"

#include "adapters/commands/draw.h"
#include "adapters/http/server/utf8.h"
#include "adapters/queries/correlation.h"
#include "adapters/queries/source_address.h"
#include "bus/hash.h"
#include "domain/record.h"
#include "domain/slot.h"

namespace countersign::http {

using domain::BearerKind;
using domain::Reason;
using domain::Role;

std::string user_agent_of(const Exchange& exchange) {
  constexpr std::size_t most_bytes = 256;
  return as_utf8(exchange.request().header("User-Agent"), most_bytes);
}

domain::Uuid correlation_of(const Exchange& exchange) {
  return queries::correlation_uuid(exchange.correlation_id());
}

/// A client sends the same key with every request of its connection: where that one is need not be looked up again.
struct Authentication::KnownKey {
  std::string secret;
  KeyPlace place;
};

Authentication::Authentication(const commands::Published& state, const commands::Partitions& partitions,
                               commands::Submitter& submitter, const keys::Lookup& lookup,
                               commands::RefusalLog& refusals, commands::KeyUse& use, const domain::Digest& root_key,
                               std::function<domain::UnixMs()> clock)
    : state_(state),
      partitions_(partitions),
      submitter_(submitter),
      lookup_(lookup),
      refusals_(refusals),
      use_(use),
      root_key_(root_key),
      clock_(std::move(clock)) {}

domain::AccountId Authentication::account_of_slot(std::string_view secret) const {
  const auto slot = domain::bearer_slot(BearerKind::api_key, secret);
  if (!slot) return domain::system_account();
  return state_.reader().account_of_slot(*slot).value_or(partitions_.system_account_of_slot(*slot));
}

std::optional<Authentication::KeyPlace> Authentication::find_key(std::shared_ptr<const void>& memory,
                                                                 const projections::ViewState& state,
                                                                 std::string_view secret) const {
  if (const auto* known = static_cast<const KnownKey*>(memory.get()))
    if (bus::equal_constant_time(known->secret, secret)) return known->place;
  if (!domain::is_bearer(BearerKind::api_key, secret)) return std::nullopt;
  const auto entry = state.find(commands::digest_of(lookup_, BearerKind::api_key, secret));
  if (!entry || entry->kind != domain::PartyKind::api_key) return std::nullopt;
  const KeyPlace place{entry->account, domain::ApiKeyId{entry->id}};
  memory = std::make_shared<const KnownKey>(KnownKey{std::string(secret), place});
  return place;
}

std::optional<Problem> Authentication::refuse(Exchange& exchange, unsigned status, Reason reason,
                                              const Refused& refused, std::string_view detail) {
  const bool owned = partitions_.of(refused.account).owns();
  if (!owned && refused.by_key) {
    exchange.set_caller(std::make_shared<const Caller>(Caller{.account = refused.account, .at_owner_only = true}));
    return std::nullopt;
  }
  const auto source = queries::source_digest(lookup_, exchange.request().client);
  const auto ip = exchange.request().client.to_string();
  const auto now = clock_();
  constexpr auto type = domain::EventType::api_key_refused;
  const commands::RefusalLog::Refused whom{refused.account, type, reason, source, ip, refused.actor, refused.key};
  if (!owned) {
    refusals_.count(whom, now);
  } else if (refusals_.first(whom, now)) {
    commands::Call call;
    call.context.account = refused.account;
    call.context.actor = refused.actor;
    call.context.role = refused.role;
    call.context.correlation = correlation_of(exchange);
    call.context.ip = ip;
    call.context.ip_digest = source;
    call.context.user_agent = user_agent_of(exchange);
    submitter_.submit<domain::RecordRefusals>(
        std::move(call), domain::RecordRefusals{type, reason, 1, now, refused.key}, [](const auto&) {});
  }
  Problem problem{
      .status = status, .code = status == 401 ? "unauthorized" : "forbidden", .detail = std::string(detail)};
  if (reason == Reason::account_suspended) problem.code = "account-suspended";
  return problem;
}

/// The first partition's, unless the query names another one's.
domain::AccountId Authentication::system_account_wanted(const Exchange& exchange) const {
  if (exchange.request().query.empty()) return domain::system_account();
  const auto parameters = exchange.request().query_parameters();
  if (!parameters) return domain::system_account();
  for (const auto& [name, value] : *parameters) {
    if (name != "account") continue;
    const auto named = domain::parse_account(value);
    const auto partition = named ? domain::partition_of_system_account(*named) : std::nullopt;
    if (partition && *partition < partitions_.count()) return *named;
  }
  return domain::system_account();
}

std::optional<Problem> Authentication::admit(Exchange& exchange) {
  const auto allowed = exchange.route().roles;
  if (allowed & public_route) return std::nullopt;
  constexpr std::string_view scheme = "bearer ";
  const auto header = exchange.request().header("Authorization");
  if (header.size() < scheme.size() || !equal_ignoring_case(header.substr(0, scheme.size()), scheme))
    return refuse(exchange, 401, Reason::key_unknown, {partitions_.own_system_account()},
                  "An API key is needed: Authorization: Bearer <key>.");
  const auto secret = header.substr(scheme.size());

  // Whatever isn't an account's key may be the root key, which an operator can choose himself.
  if (!secret.starts_with(domain::bearer_prefix(BearerKind::api_key))) {
    const auto digest = commands::digest_of(lookup_, BearerKind::root_key, secret);
    if (secret.size() > 256 || !bus::equal_constant_time(domain::view(digest), domain::view(root_key_)))
      return refuse(exchange, 401, Reason::key_unknown, {partitions_.own_system_account()}, "This key is not valid.");
    if (!(allowed & domain::role_bit(Role::root)))
      return refuse(exchange, 403, Reason::role_insufficient,
                    {partitions_.own_system_account(), {domain::PartyKind::root, {}}, {}, Role::root},
                    "The root key manages accounts, nothing inside one.");
    exchange.set_caller(std::make_shared<const Caller>(
        Caller{system_account_wanted(exchange), {domain::PartyKind::root, {}}, Role::root}));
    return std::nullopt;
  }

  const auto state = state_.reader();
  const auto place = find_key(exchange.connection_memory(), state, secret);
  if (!place)
    return refuse(exchange, 401, Reason::key_unknown, {.account = account_of_slot(secret), .by_key = true},
                  "This API key is not valid.");
  const auto key = state.api_key(place->account, place->id);
  const auto now = clock_();
  if (!key || !key->live(now))
    return refuse(exchange, 401, key && key->revoked_at != 0 ? Reason::key_revoked : Reason::key_expired,
                  {.account = place->account, .key = domain::party(place->id), .by_key = true},
                  "This API key is not valid.");
  const auto account = state.account(place->account);
  const Refused known{place->account, domain::party(place->id), domain::party(place->id), key->role, true};
  if (!account || account->suspended)
    return refuse(exchange, 403, Reason::account_suspended, known, "The account is suspended.");
  if (!(allowed & domain::role_bit(key->role)))
    return refuse(exchange, 403, Reason::role_insufficient, known, "The API key's role does not permit this.");
  use_.note({place->account, place->id, now});
  exchange.set_caller(std::make_shared<const Caller>(Caller{place->account, domain::party(place->id), key->role}));
  return std::nullopt;
}

}  // namespace countersign::http
