#include "adapters/http/api/accounts.h"

#include "adapters/commands/draw.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/keys/audit_key.h"
#include "adapters/keys/random.h"
#include "adapters/queries/policy_rendering.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "domain/slot.h"

namespace countersign::http {
namespace {

struct DrawnKeyText {
  domain::DrawnKey key;
  std::string text;
};

DrawnKeyText draw_key(Reads& reads, std::uint16_t slot) {
  auto secret = commands::draw_secret(reads.lookup(), domain::BearerKind::api_key, slot);
  return {{keys::random_id<domain::ApiKeyId>(reads.now()), secret.digest}, std::move(secret.text)};
}

std::vector<commands::HandedOut> hand_out(domain::ApiKeyId key) {
  return {{domain::party(key), {}}};
}

constexpr std::size_t candidates = 2;

}  // namespace

boost::asio::awaitable<Response> Accounts::create(Exchange& exchange) {
  Body body(exchange);
  const auto name = trimmed(body->text("name"));
  if (name.empty() && body->has("name")) body->invalid("name", "it is blank");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  domain::CreateAccount command{name, {}, {}};
  auto texts = std::make_shared<std::vector<std::string>>();
  // Ids are drawn until their slot is free; the last slots of a nearly full log take many draws.
  const auto state = reads_.state();
  std::optional<std::uint32_t> partition;  // all candidates are of one that this node owns
  for (int draws = 0; draws < 20'000 && command.candidates.size() < candidates; ++draws) {
    const auto id = keys::random_id<domain::AccountId>(reads_.now());
    const auto slot = domain::slot_of(id);
    const auto& place = reads_.partitions().of(id);
    if (!place.owns() || partition.value_or(place.identity().partition) != place.identity().partition) continue;
    if (state.account_of_slot(slot)) continue;
    partition = place.identity().partition;
    auto key = draw_key(reads_, slot);
    command.candidates.push_back(id);
    command.admin_keys.push_back(key.key);
    texts->push_back(std::move(key.text));
  }
  const Writes::DiskWork keep_keys = [this, ids = command.candidates] {
    boost::system::error_code error;
    for (const auto& id : ids)
      if (!error) error = keys_.create_account_key(id);
    return error;
  };
  const auto error = co_await writes_.on_disk(keep_keys);
  if (error) co_return exchange.problem(unstored(error));
  WriteOptions<domain::CreateAccount> options;
  options.secret = true;
  if (!command.candidates.empty()) options.slot = domain::slot_of(command.candidates.front());
  options.hand_out = [drawn = command.admin_keys](const domain::AccountCreated& made) {
    return hand_out(drawn[made.candidate].id);
  };
  auto rendered = [ids = command.candidates, texts, name](const domain::AccountCreated& made, const domain::State&) {
    return json_answer(201, boost::json::object{{"id", ids[made.candidate].text()},
                                                {"name", name},
                                                {"status", "active"},
                                                {"admin_key", (*texts)[made.candidate]}});
  };
  co_return co_await writes_.run<domain::CreateAccount>(exchange, std::move(command), std::move(rendered),
                                                        std::move(options));
}

boost::asio::awaitable<Response> Accounts::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller&) {
    const std::string prefix(1, static_cast<char>(projections::Table::accounts));
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view key, std::string_view row) {
      const auto account = projections::decode_account(row);
      if (domain::is_system_account(account.id)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(account, reads_.opener()));
      page.last_key = key.substr(1);
      return true;
    });
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Accounts::update(Exchange& exchange) {
  const auto id = domain::AccountId::parse(exchange.parameter());
  constexpr std::string_view statuses[] = {"active", "suspended"};
  Body body(exchange);
  const auto status = body->choice("status", statuses);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  if (!id) co_return exchange.problem(no_such("account"));
  auto rendered = [this, id](const domain::Done&, const domain::State& state) {
    return json_answer(200, render(*state.account(*id), reads_.opener()));
  };
  domain::SetAccountStatus command{*id, status == 1};
  WriteOptions<domain::SetAccountStatus> options;
  options.slot = domain::slot_of(*id);
  co_return co_await writes_.run<domain::SetAccountStatus>(exchange, std::move(command), std::move(rendered),
                                                           std::move(options));
}

boost::asio::awaitable<Response> Accounts::rescue(Exchange& exchange) {
  const auto id = domain::AccountId::parse(exchange.parameter());
  const auto account = id ? reads_.state().account(*id) : nullptr;
  if (!account) co_return exchange.problem(no_such("account"));
  auto drawn = draw_key(reads_, account->slot);
  WriteOptions<domain::RescueAccount> options;
  options.secret = true;
  options.hand_out = [key = drawn.key.id](const domain::Done&) { return hand_out(key); };
  options.slot = account->slot;
  auto rendered = [drawn](const domain::Done&, const domain::State&) {
    return json_answer(
        201,
        boost::json::object{{"id", drawn.key.id.text()}, {"name", "rescue"}, {"role", "admin"}, {"key", drawn.text}});
  };
  domain::RescueAccount command{*id, drawn.key};
  co_return co_await writes_.run<domain::RescueAccount>(exchange, std::move(command), std::move(rendered),
                                                        std::move(options));
}

// --- policy ----------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Accounts::get_provisioning(Exchange& exchange) {
  const auto account = reads_.state().account(exchange.caller<Caller>()->account);
  co_return Response::json(200, boost::json::serialize(queries::render_policy(account->provisioning)));
}

namespace {

std::optional<std::vector<std::string>> authenticator_types(Fields& fields, std::string_view name) {
  if (!fields.has(name)) return std::nullopt;
  auto types = fields.texts(name, 0, 32);
  for (const auto& type : types)
    if (!domain::parse_authenticator_type(type)) fields.invalid(name, "types of authenticators are expected");
  return types;
}

void read_policy(Fields& fields, domain::ProvisioningChange& policy) {
  constexpr std::string_view methods[] = {"registration_code", "invitation_email"};
  constexpr std::string_view units[] = {"hours", "days"};
  constexpr std::int64_t longest = 10ll * 366 * 86'400;
  if (const auto method = fields.optional_choice("method", methods))
    policy.method = static_cast<domain::fb::Method>(*method);
  fields.optional_object("code_validity", [&](Fields& validity) {
    policy.code_validity_value = static_cast<std::uint32_t>(validity.integer("value", 0, 100'000));
    policy.code_validity_unit = static_cast<domain::fb::ValidityUnit>(validity.choice("unit", units));
  });
  fields.optional_object("invitation", [&](Fields& mail) {
    policy.send_to_created = mail.optional_boolean("send_to_created");
    policy.send_to_imported = mail.optional_boolean("send_to_imported");
    policy.notify_disabled = mail.optional_boolean("notify_disabled");
  });
  if (const auto limits = free_numbers(fields, "max_authenticators", 32)) {
    policy.max_authenticators.emplace();
    for (const auto& [type, maximum] : *limits) policy.max_authenticators->push_back({type, maximum});
  }
  policy.allowed_authenticators = authenticator_types(fields, "allowed_authenticators");
  policy.mfa_exempt_authenticators = authenticator_types(fields, "mfa_exempt_authenticators");
  fields.optional_object("authenticator_type_names", [&](Fields& names) {
    policy.authenticator_type_names.emplace();
    for (const auto type : domain::fb::EnumValuesAuthenticatorType()) {
      const auto text = domain::type_text(type);
      auto name = text.empty() ? std::nullopt : names.optional_text(text, {.most = 64});
      if (name) policy.authenticator_type_names->push_back({std::string(text), std::move(*name)});
    }
  });
  if (const auto seconds = nullable_number(fields, "access_token_validity", 60, longest))
    policy.access_token_validity_seconds = *seconds;
  if (const auto seconds = nullable_number(fields, "session_lifetime", 60, longest))
    policy.session_lifetime_seconds = *seconds;
}

}  // namespace

boost::asio::awaitable<Response> Accounts::change_provisioning(Exchange& exchange) {
  const auto id = exchange.caller<Caller>()->account;
  domain::ChangeProvisioning command{{}, mail_configured_};
  Body body(exchange);
  read_policy(body.fields(), command.change);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  auto rendered = [id](const domain::Done&, const domain::State& state) {
    return json_answer(200, queries::render_policy(state.account(id)->provisioning));
  };
  co_return co_await writes_.run<domain::ChangeProvisioning>(exchange, std::move(command), std::move(rendered));
}

// --- API keys --------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Accounts::create_key(Exchange& exchange) {
  constexpr std::string_view roles[] = {"admin", "operator", "auditor", "gateway", "siem", "scim"};
  Body body(exchange);
  domain::CreateApiKey command;
  command.name = trimmed(body->text("name"));
  const auto role = body->choice("role", roles);
  const auto expires_at = optional_time(body.fields(), "expires_at");
  if (expires_at && *expires_at <= reads_.now()) body->invalid("expires_at", "it lies in the past");
  if (command.name.empty() && body->has("name")) body->invalid("name", "it is blank");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  command.role = *domain::parse_role(roles[role]);
  command.expires_at = expires_at.value_or(0);
  const auto account = reads_.state().account(exchange.caller<Caller>()->account);
  auto drawn = draw_key(reads_, account->slot);
  command.key = drawn.key;
  WriteOptions<domain::CreateApiKey> options;
  options.secret = true;
  options.hand_out = [key = drawn.key.id](const domain::Done&) { return hand_out(key); };
  options.slot = account->slot;
  auto rendered = [drawn, name = command.name, role = roles[role], at = command.expires_at](const domain::Done&,
                                                                                            const domain::State&) {
    return json_answer(201, boost::json::object{{"id", drawn.key.id.text()},
                                                {"name", name},
                                                {"role", role},
                                                {"expires_at", time_or_null(at)},
                                                {"key", drawn.text}});
  };
  co_return co_await writes_.run<domain::CreateApiKey>(exchange, std::move(command), std::move(rendered),
                                                       std::move(options));
}

boost::asio::awaitable<Response> Accounts::list_keys(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    const auto prefix = projections::table_prefix(projections::Table::api_keys, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view, std::string_view row) {
      const auto key = projections::decode_api_key(row);
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(key, caller.account, reads_.opener(), authentication_.last_used(key.id)));
      page.last_key = key.id.uuid.view();
      return true;
    });
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Accounts::revoke_key(Exchange& exchange) {
  const auto id = domain::ApiKeyId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("API key"));
  domain::RevokeApiKey command{*id};
  co_return co_await writes_.run<domain::RevokeApiKey>(
      exchange, std::move(command), [](const domain::Done&, const domain::State&) { return empty_answer(204); });
}

boost::asio::awaitable<Response> Accounts::export_audit_key(Exchange& exchange) {
  Body body(exchange);
  const auto named = body->optional_text("account");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto account = exchange.caller<Caller>()->account;
  // Whoever names an account makes sure that his key is that one's.
  if (named && *named != account_text(account)) co_return exchange.problem(no_such("account"));
  const auto key = keys_.named_account_key(account);
  if (!key) co_return exchange.problem(no_such("account"));
  const auto key_id = keys::hex(key->id.view());
  WriteOptions<domain::ExportAuditKey> options;
  options.secret = true;
  auto rendered = [account, key_id, text = keys::text_of(keys::AuditKey{account, *key})](const domain::Done&,
                                                                                         const domain::State&) {
    return json_answer(201, boost::json::object{{"account", account_text(account)}, {"key_id", key_id}, {"key", text}});
  };
  domain::ExportAuditKey command{key_id};
  co_return co_await writes_.run<domain::ExportAuditKey>(exchange, std::move(command), std::move(rendered),
                                                         std::move(options));
}

}  // namespace countersign::http
