#include "adapters/http/api/licences.h"

#include "adapters/http/api/fields.h"
#include "adapters/http/api/licence_import.h"
#include "adapters/http/api/rendering.h"
#include "adapters/keys/random.h"

namespace countersign::http {
namespace {

namespace json = boost::json;
using domain::Licence;
using domain::LicenceId;

constexpr std::string_view types[] = {"MDL", "SDL"};
/// What a device without a network can make.
constexpr std::string_view authenticator_types[] = {"totp", "hotp"};

json::object render(const Licence& licence) {
  return {
      {"id", licence.id.text()},
      {"serial_number", licence.serial_number},
      {"type", domain::licence_type_text(licence.type)},
      {"authenticator_type", domain::type_text(licence.authenticator_type)},
      {"activations", licence.activations},
      {"max_reactivations", licence.max_reactivations ? json::value(*licence.max_reactivations) : json::value(nullptr)},
      {"used", licence.used},
      {"free", licence.free()},
      {"lost", licence.lost()},
      {"version", licence.version},
      {"created_at", time_or_null(licence.created_at)},
      {"updated_at", time_or_null(licence.updated_at)}};
}

commands::Answer answer(std::uint16_t status, domain::AccountId account, LicenceId id, const domain::State& state) {
  const auto licence = state.licence(account, id);
  if (!licence) return empty_answer(204);
  auto made = json_answer(status, render(*licence));
  made.headers.emplace_back("ETag", etag_of(licence->version));
  return made;
}

/// null: as often as activations are given back.
void read_reactivations(Fields& fields, domain::LicenceTerms& terms) {
  if (fields.is_null("max_reactivations")) {
    fields.any("max_reactivations");
    terms.max_reactivations.reset();
  } else if (const auto limit = fields.optional_integer("max_reactivations", 0, domain::most_activations)) {
    terms.max_reactivations = static_cast<std::uint32_t>(*limit);
  }
}

}  // namespace

domain::Digest serial_digest(const keys::Lookup& lookup, domain::AccountId account, std::string_view serial_number) {
  return lookup.digest(keys::LookupKind::licence_serial, account, serial_number);
}

bool may_be_serial_number(std::string_view text) {
  return !text.empty() && text.size() <= domain::longest_serial_number &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string serial_number_in(Fields& fields, std::string_view name) {
  auto serial = fields.text(name, {.most = domain::longest_serial_number});
  if (!serial.empty() && !may_be_serial_number(serial)) fields.invalid(name, "visible ASCII characters are expected");
  return serial;
}

std::shared_ptr<const Licence> Licences::find(const Exchange& exchange) const {
  const auto id = LicenceId::parse(exchange.parameter());
  return id ? reads_.state().licence(exchange.caller<Caller>()->account, *id) : nullptr;
}

boost::asio::awaitable<Response> Licences::create(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  domain::CreateLicence command;
  command.id = keys::random_id<LicenceId>(reads_.now());
  command.serial_number = serial_number_in(body.fields(), "serial_number");
  const auto type = body->choice("type", types);
  command.type = domain::parse_licence_type(types[type]).value_or(domain::LicenceType::none);
  const auto authenticator = body->choice("authenticator_type", authenticator_types);
  command.authenticator_type =
      domain::parse_authenticator_type(authenticator_types[authenticator]).value_or(domain::AuthenticatorType::none);
  const bool single = command.type == domain::LicenceType::sdl;
  const auto activations = single ? body->optional_integer("activations", 1, 1).value_or(1)
                                  : body->integer("activations", 1, domain::most_activations);
  command.terms.activations = static_cast<std::uint32_t>(activations);
  read_reactivations(body.fields(), command.terms);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  command.serial = serial_digest(reads_.lookup(), account, command.serial_number);
  auto rendered = [account](const domain::LicenceWritten& written, const domain::State& state) {
    return answer(201, account, written.id, state);
  };
  co_return co_await writes_.run<domain::CreateLicence>(exchange, std::move(command), std::move(rendered));
}

boost::asio::awaitable<Response> Licences::import(Exchange& exchange) {
  auto read = read_licences(exchange.body());
  if (const auto* wrong = std::get_if<directory::RecordError>(&read))
    co_return exchange.problem(
        {.status = 422, .code = wrong->code, .detail = "Nothing was imported: " + wrong->detail + "."});
  const auto context = writes_.context_of(exchange);
  ImportedLicences imported;
  const std::function<projections::ViewState()> state = [this] { return reads_.state(); };
  const Writes::DiskWork work = [&]() -> boost::system::error_code {
    imported = import_licences(writes_.submitter(), reads_.lookup(), context,
                               std::move(std::get<std::vector<LicenceRow>>(read)), reads_.now(), state);
    return imported.error;
  };
  const auto error = co_await writes_.on_disk(work);
  if (error) co_return exchange.problem(problem_of_settlement(error));
  const auto failed = imported.refused.size();
  const json::object body{{"created", imported.created},
                          {"unchanged", imported.unchanged},
                          {"failed", failed},
                          {"rows", std::move(imported.refused)}};
  auto response = Response::json(200, json::serialize(body));
  response.header("Countersign-Position", queries::text_of(reads_.position(context.account)));
  co_return response;
}

boost::asio::awaitable<Response> Licences::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    if (const auto serial = query.text("serial_number")) {
      const auto state = reads_.state();
      const auto entry = state.find(serial_digest(reads_.lookup(), caller.account, *serial));
      const auto licence = entry ? state.licence(caller.account, LicenceId{entry->id}) : nullptr;
      if (licence && query.after().empty()) page.items.push_back(render(*licence));
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::licences, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view, std::string_view bytes) {
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      const auto licence = projections::decode_licence(bytes);
      page.items.push_back(render(licence));
      page.last_key = licence.id.uuid.view();
      return true;
    });
  };
  return reads_.list(exchange, std::move(fill));
}

Response Licences::get(Exchange& exchange) {
  const auto licence = find(exchange);
  if (!licence) return exchange.problem(no_such("licence"));
  auto response = Response::json(200, json::serialize(render(*licence)));
  response.header("ETag", etag_of(licence->version));
  return response;
}

boost::asio::awaitable<Response> Licences::update(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  for (int tries = 0;; ++tries) {
    const auto licence = find(exchange);
    if (!licence) co_return exchange.problem(no_such("licence"));
    const auto expected = expected_version(exchange, licence->version);
    if (!expected) co_return exchange.problem(version_mismatch());
    domain::ChangeLicence command{licence->id, {licence->activations, licence->max_reactivations}, *expected};
    Body body(exchange);
    if (const auto activations = body->optional_integer("activations", 1, domain::most_activations))
      command.terms.activations = static_cast<std::uint32_t>(*activations);
    read_reactivations(body.fields(), command.terms);
    if (auto problem = body.finish()) co_return exchange.problem(*problem);
    auto rendered = [account](const domain::LicenceWritten& written, const domain::State& state) {
      return answer(200, account, written.id, state);
    };
    auto response = co_await writes_.run<domain::ChangeLicence>(exchange, command, std::move(rendered));
    if (response.status() == 412 && tries < most_merges) continue;
    co_return response;
  }
}

boost::asio::awaitable<Response> Licences::remove(Exchange& exchange) {
  const auto id = LicenceId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("licence"));
  auto rendered = [](const domain::Done&, const domain::State&) { return empty_answer(204); };
  domain::DeleteLicence command{*id};
  co_return co_await writes_.run<domain::DeleteLicence>(exchange, command, std::move(rendered));
}

}  // namespace countersign::http
