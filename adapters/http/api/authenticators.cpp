#include "adapters/http/api/authenticators.h"

#include "adapters/http/api/challenge_fields.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/keys/random.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/otp/otp.h"
#include "adapters/otp/otpauth_uri.h"
#include "adapters/otp/qr_code.h"
#include "domain/hardware_token.h"

namespace countersign::http {

namespace {

namespace json = boost::json;
using domain::Authenticator;
using domain::AuthenticatorId;
using domain::AuthenticatorType;

constexpr std::string_view types[] = {"totp", "hotp", "recovery_codes", "sms", "email", "virtual", "ocra"};
constexpr std::string_view statuses[] = {"pending", "active",   "disabled",   "locked",
                                         "expired", "obsolete", "compromised"};
constexpr std::string_view algorithms[] = {"sha1", "sha256", "sha512"};

std::vector<std::uint8_t> drawn_seed(domain::OtpAlgorithm algorithm) {
  std::vector<std::uint8_t> seed(otp::seed_bytes(algorithm));
  keys::random_fill(seed);
  return seed;
}

std::string_view bytes_of(const std::vector<std::uint8_t>& seed) {
  return {reinterpret_cast<const char*>(seed.data()), seed.size()};
}

/// "1234 5678", as people read them.
json::array card_of(const Authenticator& authenticator, std::string_view seed) {
  json::array codes;
  for (unsigned i = 0; i < authenticator.codes; ++i) {
    auto code = otp::hotp(seed, i, {authenticator.algorithm, authenticator.digits});
    codes.emplace_back(code.insert(code.size() / 2, " "));
  }
  return codes;
}

}  // namespace

domain::Digest content_of(const keys::Lookup& lookup, domain::AccountId account, const domain::Personal& texts) {
  // No name or comment has the character that separates the others.
  constexpr std::string_view separator("\0", 1);
  const auto others = texts.phone.empty() && texts.email.empty()
                          ? std::string()
                          : std::string(separator).append(texts.phone).append(separator).append(texts.email);
  return lookup.digest(keys::LookupKind::authenticator_content,
                       {account.uuid.view(), std::to_string(texts.name.size()), ":", texts.name, texts.detail, others});
}

namespace {

std::string_view shown_status(const domain::User& user, const Authenticator& authenticator, domain::UnixMs now) {
  const auto status = effective_status(authenticator, now);
  const bool locked = status == domain::AuthenticatorStatus::active && user.lockout.locked();
  if (status == domain::AuthenticatorStatus::registering) return "pending";
  return locked ? "locked" : domain::status_text(status);
}

}  // namespace

// --- showing ---------------------------------------------------------------------------------------------------------

json::object Authenticators::render(const Found& found, domain::AccountId account, const domain::State& state) const {
  const auto& a = *found.authenticator;
  const auto texts = reads_.opener().of_user(account, found.user->id, a.profile).value_or(domain::Personal{});
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  const auto now = reads_.now();
  const auto of_account = state.account(account);
  const bool is_token = a.type == AuthenticatorType::hardware;
  const auto token = is_token ? state.hardware_token(account, domain::HardwareTokenId{a.id.uuid}) : nullptr;
  json::array allowed;
  for (const auto action : allowed_actions(a.type, effective_status(a, now))) allowed.emplace_back(action_text(action));
  json::object shown{
      {"id", a.id.text()},
      {"user_id", found.user->id.text()},
      {"type", domain::type_text(a.type)},
      {"type_name", text_or_null(std::string(of_account->provisioning.name_of(domain::type_text(a.type))))},
      {"serial_number", token ? json::value(token->settings.serial_number) : json::value(nullptr)},
      {"name", text_or_null(texts.name)},
      {"comment", text_or_null(texts.detail)},
      {"status", shown_status(*found.user, a, now)},
      {"blocked_until", time_or_null(found.user->lockout.blocked_until > now ? found.user->lockout.blocked_until : 0)},
      {"allowed", std::move(allowed)},
      {"algorithm", algorithms[static_cast<std::size_t>(a.algorithm)]},
      {"digits", a.digits},
      {"period", a.period == 0 ? json::value(nullptr) : json::value(a.period)},
      {"codes_left", a.codes == 0 ? json::value(nullptr) : json::value(a.codes_left())},
      {"mfa_exempt", a.mfa_exempt},
      {"replaces", a.replaces ? json::value(a.replaces.text()) : json::value(nullptr)},
      {"version", a.version},
      {"enrolled_at", time_or_null(a.enrolled_at)},
      {"updated_at", time_or_null(a.updated_at)},
      {"last_used", time_or_null(a.used_at)},
      {"expires_at", time_or_null(a.expires_at)}};
  put_challenge(shown, a, texts, now);
  return shown;
}

commands::Answer Authenticators::answer(std::uint16_t status, domain::AccountId account, AuthenticatorId id,
                                        const domain::State& state) const {
  const auto found = domain::find_authenticator(state, account, id);
  if (!found) return empty_answer(204);
  auto made = json_answer(status, render(*found, account, state));
  made.headers.emplace_back("ETag", etag_of(found->authenticator->version));
  return made;
}

Response Authenticators::get(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  const auto state = reads_.state();
  const auto found = id ? domain::find_authenticator(state, account, *id) : std::nullopt;
  if (!found) return exchange.problem(no_such("authenticator"));
  auto response = Response::json(200, json::serialize(render(*found, account, state)));
  response.header("ETag", etag_of(found->authenticator->version));
  return response;
}

boost::asio::awaitable<Response> Authenticators::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    const auto state = reads_.state();
    const auto status = query.text("status"), type = query.text("type");
    if (type && !domain::parse_authenticator_type(*type))
      throw bad_parameter("type", "totp, hotp, recovery_codes, sms, email, virtual, ocra or hardware is expected");
    if (status && std::ranges::find(statuses, *status) == std::end(statuses))
      throw bad_parameter("status", "pending, active, disabled, locked, expired, obsolete or compromised is expected");
    /// False: the page is full.
    const auto take = [&](const Found& found) {
      if (type && domain::type_text(found.authenticator->type) != *type) return true;
      if (status && shown_status(*found.user, *found.authenticator, reads_.now()) != *status) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(found, caller.account, state));
      page.last_key = found.authenticator->id.uuid.view();
      return true;
    };
    if (const auto user_id = user_wanted(query)) {
      const auto user = state.user(caller.account, *user_id);
      if (!user) return;
      std::vector<const Authenticator*> all;
      for (const auto& each : user->authenticators)
        if (each.id.uuid.view() > query.after()) all.push_back(&each);
      std::ranges::sort(all, {}, [](const Authenticator* each) { return each->id; });
      for (const auto* each : all)
        if (!take({user, each})) return;
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::authenticators, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view key, std::string_view) {
      const auto found = domain::find_authenticator(state, caller.account,
                                                    AuthenticatorId{domain::uuid_from(key.substr(prefix.size()))});
      return !found || take(*found);
    });
  };
  return reads_.list(exchange, std::move(fill));
}

boost::asio::awaitable<Response> Authenticators::list_of_user(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::UserId::parse(exchange.parameter());
  const auto state = reads_.state();
  const auto user = id ? state.user(account, *id) : nullptr;
  if (!user) co_return exchange.problem(no_such("user"));
  json::array items;
  for (const auto& each : user->authenticators) items.push_back(render({user, &each}, account, state));
  const json::object body{{"items", std::move(items)}, {"next", nullptr}, {"has_more", false}};
  auto response = Response::json(200, json::serialize(body));
  response.no_store();
  co_return response;
}

// --- enrolling -------------------------------------------------------------------------------------------------------

struct Authenticators::Wanted {
  domain::UserId user;
  AuthenticatorId replaces;
  domain::AuthenticatorSettings settings;
  bool force = false;

  void read(Fields& fields, domain::UnixMs now, const MessageWays& ways) {
    const auto type = fields.choice("type", types);
    settings.type = domain::parse_authenticator_type(types[type]).value_or(AuthenticatorType::none);
    const auto algorithm = fields.optional_choice("algorithm", algorithms);
    settings.algorithm = static_cast<domain::OtpAlgorithm>(algorithm.value_or(0));
    const bool card = settings.type == AuthenticatorType::recovery_codes;
    const auto digits = fields.optional_integer("digits", 6, 8);
    settings.digits = static_cast<std::uint8_t>(digits.value_or(card ? 8 : 6));
    if (card && settings.digits != 8) fields.invalid("digits", "recovery codes have 8");
    const auto codes = fields.optional_integer("codes", domain::least_codes, domain::most_codes);
    if (codes && !card) fields.invalid("codes", "only of type recovery_codes");
    settings.codes = card ? static_cast<std::uint8_t>(codes.value_or(10)) : std::uint8_t{0};
    const bool by_time = settings.type == AuthenticatorType::totp;
    const auto period = fields.optional_integer("period", 15, 300);
    if (period && !by_time) fields.invalid("period", "only of type totp");
    settings.period = by_time ? static_cast<std::uint16_t>(period.value_or(30)) : std::uint16_t{0};
    settings.texts.name = nullable_text(fields, "name", 200).value_or("");
    settings.texts.detail = nullable_text(fields, "comment", longest_comment).value_or("");
    settings.expires_at = optional_time(fields, "expires_at").value_or(0);
    if (settings.expires_at != 0 && settings.expires_at <= now) fields.invalid("expires_at", "it lies in the past");
    read_addresses(fields, settings.type, ways, settings.texts);
    read_suite(fields, settings);
    force = fields.optional_boolean("force").value_or(false);
  }
};

boost::asio::awaitable<Response> Authenticators::enrol(Exchange& exchange) {
  Body body(exchange);
  Wanted wanted;
  const auto user = domain::UserId::parse(body->text("user_id"));
  wanted.read(body.fields(), reads_.now(), ways_);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  if (!user) co_return exchange.problem(no_such("user"));
  wanted.user = *user;
  co_return co_await enrol(exchange, std::make_shared<Wanted>(std::move(wanted)));
}

boost::asio::awaitable<Response> Authenticators::replace(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  const auto found = id ? domain::find_authenticator(reads_.state(), account, *id) : std::nullopt;
  Body body(exchange);
  Wanted wanted;
  wanted.read(body.fields(), reads_.now(), ways_);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  if (!found) co_return exchange.problem(no_such("authenticator"));
  const auto texts = reads_.opener().of_user(account, found->user->id, found->authenticator->profile);
  if (!body->has("name") && texts) wanted.settings.texts.name = texts->name;
  if (!body->has("comment") && texts) wanted.settings.texts.detail = texts->detail;
  if (texts) carry_addresses(*texts, wanted.settings.type, wanted.settings.texts);
  const auto expires_at = found->authenticator->expires_at;
  if (!body->has("expires_at") && expires_at > reads_.now()) wanted.settings.expires_at = expires_at;
  wanted.user = found->user->id;
  wanted.replaces = *id;
  co_return co_await enrol(exchange, std::make_shared<Wanted>(std::move(wanted)));
}

boost::asio::awaitable<Response> Authenticators::enrol(Exchange& exchange, std::shared_ptr<Wanted> wanted) {
  const auto account = exchange.caller<Caller>()->account;
  const auto user = reads_.state().user(account, wanted->user);
  if (!user) co_return exchange.problem(no_such("user"));
  const auto person = reads_.opener().of_user(account, user->id, user->profile).value_or(domain::Personal{});
  default_addresses(person, wanted->settings.type, ways_, wanted->settings.texts);
  if (auto problem = unreachable(wanted->settings.type, ways_, wanted->settings.texts))
    co_return exchange.problem(*problem);
  wanted->settings.content = content_of(reads_.lookup(), account, wanted->settings.texts);
  const otp::SeedName name{account, wanted->user, keys::random_id<AuthenticatorId>(reads_.now())};
  const auto seed = std::make_shared<const std::vector<std::uint8_t>>(drawn_seed(wanted->settings.algorithm));
  const Writes::DiskWork keep = [this, name, seed] { return seeds_.keep(name, bytes_of(*seed)); };
  const auto error = co_await writes_.on_disk(keep);
  if (error) co_return exchange.problem(unstored(error));

  const auto tenant = reads_.state().account(account);
  const auto issuer = reads_.opener().of_account(account, tenant->name);
  otp::Enrolment enrolment{.type = wanted->settings.type,
                           .shape = {wanted->settings.algorithm, wanted->settings.digits},
                           .period_s = wanted->settings.period,
                           .counter = wanted->settings.counter,
                           .issuer = issuer && !issuer->name.empty() ? issuer->name : "Countersign",
                           .account = person.email.empty() ? user->id.text() : person.email};
  AuthenticatorId replaced;
  auto rendered = [this, account, id = name.authenticator, seed, enrolment, &replaced](
                      const domain::AuthenticatorWritten& written, const domain::State& state) {
    replaced = written.replaced;
    const auto found = domain::find_authenticator(state, account, id);
    if (!found) return empty_answer(204);
    auto object = render(*found, account, state);
    if (found->authenticator->codes > 0) {
      object["codes"] = card_of(*found->authenticator, bytes_of(*seed));
    } else if (enrolment.type == AuthenticatorType::ocra) {
      object["secret"] = keys::base32(bytes_of(*seed));
    } else if (!domain::is_by_message(enrolment.type)) {
      const auto uri = otp::otpauth_uri(enrolment, bytes_of(*seed));
      object["secret"] = keys::base32(bytes_of(*seed));
      object["otpauth_uri"] = uri;
      object["qr"] = otp::QrCode::of(uri).value().svg(0).value();
    }
    auto made = json_answer(201, object);
    made.headers.emplace_back("ETag", etag_of(found->authenticator->version));
    return made;
  };
  WriteOptions<domain::EnrolAuthenticator> options;
  bool in_doubt = false, replayed = false;
  options.secret = true;
  options.in_doubt = [&in_doubt] { in_doubt = true; };
  options.replayed = [&replayed] { replayed = true; };
  options.hand_out = [](const domain::AuthenticatorWritten& written) {
    return std::vector<commands::HandedOut>{{domain::party(written.id), written.user}};
  };
  domain::EnrolAuthenticator command{wanted->user, name.authenticator, std::move(wanted->settings), wanted->replaces,
                                     wanted->force};
  auto response = co_await writes_.run<domain::EnrolAuthenticator>(exchange, std::move(command), std::move(rendered),
                                                                   std::move(options));
  if (replayed || (response.status() != 201 && !in_doubt)) co_await destroy_seed(account, name.authenticator);
  if (replaced && response.status() == 201) co_await destroy_seed(account, replaced);
  co_return response;
}

boost::asio::awaitable<void> Authenticators::destroy_seed(domain::AccountId account, AuthenticatorId id) {
  if (reads_.state().hardware_token(account, domain::HardwareTokenId{id.uuid})) co_return;
  const Writes::DiskWork work = [this, account, id] { return seeds_.destroy(account, id); };
  co_await writes_.on_disk(work);
}

// --- changing --------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Authenticators::update(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  for (int tries = 0;; ++tries) {
    const auto found = id ? domain::find_authenticator(reads_.state(), account, *id) : std::nullopt;
    if (!found) co_return exchange.problem(no_such("authenticator"));
    const auto expected = expected_version(exchange, found->authenticator->version);
    if (!expected) co_return exchange.problem(version_mismatch());
    auto texts =
        reads_.opener().of_user(account, found->user->id, found->authenticator->profile).value_or(domain::Personal{});
    domain::EditAuthenticator command{*id, {}, {}, found->authenticator->expires_at, *expected};
    Body body(exchange);
    if (const auto name = nullable_text(body.fields(), "name", 200)) texts.name = *name;
    if (const auto comment = nullable_text(body.fields(), "comment", longest_comment)) texts.detail = *comment;
    read_addresses(body.fields(), found->authenticator->type, ways_, texts);
    if (body->has("expires_at")) command.expires_at = optional_time(body.fields(), "expires_at").value_or(0);
    const bool past = command.expires_at != 0 && command.expires_at <= reads_.now();
    if (past && command.expires_at != found->authenticator->expires_at)
      body->invalid("expires_at", "it lies in the past");
    if (auto problem = body.finish()) co_return exchange.problem(*problem);
    if (auto problem = unreachable(found->authenticator->type, ways_, texts)) co_return exchange.problem(*problem);
    command.texts.name = texts.name;
    command.texts.detail = texts.detail;
    command.texts.phone = texts.phone;
    command.texts.email = texts.email;
    command.content = content_of(reads_.lookup(), account, command.texts);
    auto rendered = [this, account, id](const domain::AuthenticatorWritten&, const domain::State& state) {
      return answer(200, account, *id, state);
    };
    auto response = co_await writes_.run<domain::EditAuthenticator>(exchange, std::move(command), std::move(rendered));
    if (response.status() == 412 && tries < most_merges) continue;
    co_return response;
  }
}

boost::asio::awaitable<Response> Authenticators::change(Exchange& exchange, domain::AuthenticatorAction action) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  Body body(exchange);
  const bool force = body->optional_boolean("force").value_or(false);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  if (!id) co_return exchange.problem(no_such("authenticator"));
  auto rendered = [this, account, id](const domain::AuthenticatorWritten&, const domain::State& state) {
    return answer(200, account, *id, state);
  };
  domain::ChangeAuthenticator command{*id, action, force};
  co_return co_await writes_.run<domain::ChangeAuthenticator>(exchange, command, std::move(rendered));
}

boost::asio::awaitable<Response> Authenticators::remove(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  auto response = co_await change(exchange, domain::AuthenticatorAction::remove);
  if (response.status() == 204 && id) co_await destroy_seed(account, *id);
  co_return response;
}

boost::asio::awaitable<Response> Authenticators::unlock(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = AuthenticatorId::parse(exchange.parameter());
  const auto found = id ? domain::find_authenticator(reads_.state(), account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such("authenticator"));
  auto rendered = [this, account, id](const domain::AuthenticatorWritten&, const domain::State& state) {
    return answer(200, account, *id, state);
  };
  domain::UnlockUser command{found->user->id};
  co_return co_await writes_.run<domain::UnlockUser>(exchange, command, std::move(rendered));
}

}  // namespace countersign::http
