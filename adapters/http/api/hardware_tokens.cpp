#include "adapters/http/api/hardware_tokens.h"

#include <algorithm>

#include "adapters/commands/draw.h"
#include "adapters/directory/text_checks.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/http/api/spool.h"
#include "adapters/http/server/error.h"
#include "adapters/http/server/percent.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/operations/spooled_seeds.h"
#include "domain/event_catalogue.h"

namespace countersign::http {
namespace {

namespace json = boost::json;
using domain::AuthenticatorId;
using domain::HardwareToken;
using domain::HardwareTokenId;

json::object render(const HardwareToken& token) {
  const auto& settings = token.settings;
  const auto text_or_null = [](std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return {{"id", token.id.text()},
          {"authenticator_id", token.user ? json::value(token.authenticator().text()) : json::value(nullptr)},
          {"serial_number", settings.serial_number},
          {"manufacturer", text_or_null(settings.manufacturer)},
          {"type", settings.period == 0 ? "hotp" : "totp"},
          {"algorithm", domain::fb::EnumNameOtpAlgorithm(settings.algorithm)},
          {"digits", settings.digits},
          {"period", settings.period == 0 ? json::value(nullptr) : json::value(settings.period)},
          {"status", domain::status_text(token.status)},
          {"reason", text_or_null(domain::reason_text(token.reason))},
          {"user_id", token.user ? json::value(token.user.text()) : json::value(nullptr)},
          {"operation_id", token.operation.text()},
          {"imported_at", time_or_null(token.imported_at)},
          {"updated_at", time_or_null(token.updated_at)},
          {"expires_at", time_or_null(settings.expires_at)}};
}

commands::Answer answer(domain::AccountId account, HardwareTokenId id, const domain::State& state) {
  const auto token = state.hardware_token(account, id);
  return token ? json_answer(200, render(*token)) : empty_answer(204);
}

std::shared_ptr<const HardwareToken> with_serial_number(const domain::State& state, const keys::Lookup& lookup,
                                                        domain::AccountId account, std::string_view serial_number) {
  const auto entry = state.find(commands::digest_of_token_serial(lookup, account, directory::trim(serial_number)));
  return entry ? state.hardware_token(account, HardwareTokenId{entry->id}) : nullptr;
}

}  // namespace

std::shared_ptr<const HardwareToken> HardwareTokens::named(domain::AccountId account, std::string_view name) const {
  const auto state = reads_.state();
  if (const auto id = HardwareTokenId::parse(name)) return state.hardware_token(account, *id);
  if (const auto id = AuthenticatorId::parse(name)) return state.hardware_token(account, HardwareTokenId{id->uuid});
  return with_serial_number(state, reads_.lookup(), account, name);
}

std::shared_ptr<const HardwareToken> HardwareTokens::named_in(const Exchange& exchange) const {
  return named(exchange.caller<Caller>()->account, exchange.parameter());
}

// --- import ----------------------------------------------------------------------------------------------------------

namespace {

constexpr auto key_header = "Countersign-Seed-File-Key", passphrase_header = "Countersign-Seed-File-Passphrase";
constexpr std::size_t longest_passphrase = 1'000;  ///< bytes

/// What the file's encrypted values are opened with; nothing: the headers say it in a way that can't be.
std::optional<seed_files::FileKey> file_key_in(const Request& request) {
  const bool preshared = request.has_header(key_header), passphrase = request.has_header(passphrase_header);
  if (preshared && passphrase) return std::nullopt;
  if (preshared) {
    auto bytes = keys::parse_base16(request.header(key_header));
    if (!bytes || (bytes->size() != 16 && bytes->size() != 24 && bytes->size() != 32)) return std::nullopt;
    return seed_files::PresharedKey{keys::take_secret(*bytes)};
  }
  if (!passphrase) return seed_files::FileKey{};
  std::string text;
  const bool read = append_percent_decoded(request.header(passphrase_header), Plus::is_itself, text);
  auto secret = keys::take_secret(text);
  if (!read || secret.empty() || secret.size() > longest_passphrase) return std::nullopt;
  return seed_files::Passphrase{std::move(secret)};
}

Problem bad_file_key() {
  return {.status = 400,
          .code = "invalid-header",
          .detail =
              "One of the headers Countersign-Seed-File-Key (16, 24 or 32 bytes, hexadecimal) and "
              "Countersign-Seed-File-Passphrase (1 to 1000 bytes, percent-encoded) may say what opens the file."};
}

}  // namespace

boost::asio::awaitable<Response> HardwareTokens::import(Exchange& exchange) {
  auto operation = new_operation(exchange, operations::Kind::import_hardware_tokens, reads_.now());
  operation.content_type = exchange.request().header("Content-Type");
  // Without a body nobody has looked at it before.
  if (!seed_files::make_reader_for(operation.content_type, {}))
    co_return exchange.problem(unsupported_media_type(exchange.route().accepts));
  const auto file_key = file_key_in(exchange.request());
  if (!file_key) co_return exchange.problem(bad_file_key());
  const auto key = operations::seed_spool_key(keys_, operation.account, operation.id);
  if (!key) co_return exchange.problem(internal_error());
  const UploadPlace place(uploads_);
  if (!place) co_return exchange.problem(too_many_uploads());
  SpoolGuard spool(operations_, operation.id);
  std::string digest, in_front = operations::text_in_front(*file_key);
  auto problem = co_await spool_body(exchange, writes_, operations_, operation.id, *key, digest, in_front);
  OPENSSL_cleanse(in_front.data(), in_front.size());
  if (problem) co_return exchange.problem(*problem);
  spool.keep();
  co_return co_await begin_operation(exchange, writes_, operations_, operation, std::move(digest));
}

// --- look ------------------------------------------------------------------------------------------------------------

Response HardwareTokens::get(Exchange& exchange) {
  const auto token = named_in(exchange);
  if (!token) return exchange.problem(no_such("hardware token"));
  return Response::json(200, json::serialize(render(*token)));
}

boost::asio::awaitable<Response> HardwareTokens::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    const auto state = reads_.state();
    const auto serial = query.text("serial"), status = query.text("status");
    const auto user_id = user_wanted(query);
    const auto wanted = status ? domain::parse_hardware_token_status(*status) : std::nullopt;
    if (status && !wanted) throw bad_parameter("status", "in_stock, assigned or retired is expected");
    /// False: the page is full.
    const auto take = [&](const HardwareToken& token) {
      if ((wanted && token.status != *wanted) || (user_id && token.user != *user_id)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(token));
      page.last_key = token.id.uuid.view();
      return true;
    };
    if (serial) {
      const auto token = with_serial_number(state, reads_.lookup(), caller.account, *serial);
      if (token && query.after().empty()) take(*token);
      return;
    }
    if (user_id) {
      const auto user = state.user(caller.account, *user_id);
      std::vector<AuthenticatorId> theirs;
      for (const auto& each : user ? user->authenticators : std::vector<domain::Authenticator>{})
        if (each.type == domain::AuthenticatorType::hardware && each.id.uuid.view() > query.after())
          theirs.push_back(each.id);
      std::ranges::sort(theirs);
      for (const auto id : theirs)
        if (const auto token = state.hardware_token(caller.account, HardwareTokenId{id.uuid}); token && !take(*token))
          return;
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::hardware_tokens, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view, std::string_view row) {
      return take(projections::decode_hardware_token(row));
    });
  };
  return reads_.list(exchange, std::move(fill));
}

// --- changing --------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> HardwareTokens::assign(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  domain::AssignHardwareToken command;
  Body body(exchange);
  const auto user = domain::UserId::parse(body->text("user_id"));
  command.texts.name = nullable_text(body.fields(), "name", 200).value_or("");
  command.texts.detail = nullable_text(body.fields(), "comment", longest_comment).value_or("");
  command.active = body->optional_boolean("active").value_or(false);
  command.force = body->optional_boolean("force").value_or(false);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto token = named_in(exchange);
  if (!token) co_return exchange.problem(no_such("hardware token"));
  if (!user) co_return exchange.problem(no_such("user"));
  command.id = token->id;
  command.user = *user;
  command.content = content_of(reads_.lookup(), account, command.texts);
  auto rendered = [this, account](const domain::AuthenticatorWritten& written, const domain::State& state) {
    return authenticators_.answer(200, account, written.id, state);
  };
  co_return co_await writes_.run<domain::AssignHardwareToken>(exchange, std::move(command), std::move(rendered));
}

boost::asio::awaitable<Response> HardwareTokens::unassign(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  const bool force = body->optional_boolean("force").value_or(false);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto token = named_in(exchange);
  if (!token) co_return exchange.problem(no_such("hardware token"));
  auto rendered = [account, id = token->id](const domain::Done&, const domain::State& state) {
    return answer(account, id, state);
  };
  domain::UnassignHardwareToken command{token->id, force};
  co_return co_await writes_.run<domain::UnassignHardwareToken>(exchange, command, std::move(rendered));
}

boost::asio::awaitable<Response> HardwareTokens::retire(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto token = named_in(exchange);
  if (!token) co_return exchange.problem(no_such("hardware token"));
  auto rendered = [account, id = token->id](const domain::Done&, const domain::State& state) {
    return answer(account, id, state);
  };
  domain::RetireHardwareToken command{token->id};
  co_return co_await writes_.run<domain::RetireHardwareToken>(exchange, command, std::move(rendered));
}

boost::asio::awaitable<Response> HardwareTokens::remove(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto token = named_in(exchange);
  if (!token) co_return exchange.problem(no_such("hardware token"));
  auto rendered = [](const domain::Done&, const domain::State&) { return empty_answer(204); };
  domain::DeleteHardwareToken command{token->id};
  auto response = co_await writes_.run<domain::DeleteHardwareToken>(exchange, command, std::move(rendered));
  if (response.status() == 204) co_await authenticators_.destroy_seed(account, token->authenticator());
  co_return response;
}

}  // namespace countersign::http
