#include "adapters/http/api/siem_destinations.h"

#include "adapters/http/api/rendering.h"
#include "adapters/http/api/siem_destination_fields.h"
#include "adapters/http/api/siem_destination_rendering.h"
#include "adapters/http/server/await_callback.h"
#include "adapters/keys/random.h"
#include "adapters/push/webhook_signature.h"

namespace countersign::http {

namespace {

constexpr std::size_t drawn_secret_bytes = 32;

domain::SiemDestinationSettings settings_of(const WantedDestination& wanted) {
  return {wanted.traits, domain::personal_of(wanted.configuration)};
}

Problem too_many_tests() {
  return {.status = 503, .code = "overloaded", .detail = "Too many tests are under way.", .retry_after_s = 5};
}

}  // namespace

SiemDestinations::Row SiemDestinations::find(const Exchange& exchange) const {
  const auto id = domain::SiemDestinationId::parse(exchange.parameter());
  return id ? reads_.state().siem_destination(exchange.caller<Caller>()->account, *id) : nullptr;
}

boost::json::object SiemDestinations::render(domain::AccountId account, const domain::SiemDestination& row) const {
  const auto personal = reads_.opener().of_account(account, row.configuration);
  const auto configuration = domain::siem_configuration_of(personal.value_or(domain::Personal{}));
  return http::render(row, configuration, status_of(account, row), reads_.log(account));
}

/// As it is served, or will be in a moment.
exports::DestinationStatus SiemDestinations::status_of(domain::AccountId account,
                                                       const domain::SiemDestination& row) const {
  auto status = exporter_.status(account, row.id).value_or(exports::DestinationStatus{});
  if (status.begun_by != row.begun_by) {
    const auto known = reads_.state().account(account);
    status.sequence = row.reported;
    status.frame = {};
    status.lag_events = known ? known->last_sequence - row.reported : 0;
  }
  if (status.version != row.version) status.paused = row.paused;
  return status;
}

commands::Answer SiemDestinations::answer(std::uint16_t status, domain::AccountId account, domain::SiemDestinationId id,
                                          const domain::State& state) const {
  const auto row = state.siem_destination(account, id);
  if (!row) return empty_answer(204);
  auto made = json_answer(status, render(account, *row));
  made.headers.emplace_back("ETag", etag_of(row->version));
  return made;
}

exports::ReceiverSecrets SiemDestinations::secrets_of(domain::AccountId account,
                                                      const domain::SiemDestination& row) const {
  if (row.traits.secret.is_nil()) return {};
  const auto kept = keys_.secret({account, row.traits.secret});
  if (kept.has_error() || !*kept) return {};
  return exports::decode_receiver_secrets(**kept).value_or(exports::ReceiverSecrets{});
}

boost::asio::awaitable<std::uint64_t> SiemDestinations::start_of(domain::AccountId account,
                                                                 exports::Beginning beginning) {
  co_await reads_.landed(account);
  auto work = [this, account, beginning] {
    const auto known = reads_.state().account(account);
    return exports::start_of(reads_.views(), account, known ? known->last_sequence : 0, beginning);
  };
  co_return co_await reads_.on_pool(std::move(work));
}

/// What can't be destroyed now is destroyed by the next start: no destination names it.
boost::asio::awaitable<void> SiemDestinations::destroy(domain::AccountId account, domain::Uuid secret) {
  if (secret.is_nil()) co_return;
  const Writes::DiskWork work = [this, name = keys::SecretName{account, secret}] {
    return keys_.destroy_secrets({&name, 1});
  };
  co_await writes_.on_disk(work);
}

boost::asio::awaitable<Response> SiemDestinations::create(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  WantedDestination wanted;
  read_new_destination(body.fields(), wanted);
  read_destination(body.fields(), wanted, reads_.lookup());
  const auto beginning = read_beginning(body.fields(), reads_.log(account));
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const bool is_webhook = wanted.traits.protocol == domain::fb::SiemProtocol::webhook;
  if (is_webhook && wanted.secrets.signing_secret.empty()) {
    const auto drawn = keys::random_bytes<drawn_secret_bytes>();
    wanted.secrets.signing_secret.assign(drawn.begin(), drawn.end());
  }
  if (auto problem = refuse_receiver(wanted, egress_)) co_return exchange.problem(*problem);
  seal_content(wanted, reads_.lookup(), account);
  domain::CreateSiemDestination command{keys::random_id<domain::SiemDestinationId>(reads_.now()), {}, {}};
  if (beginning) command.start = co_await start_of(account, *beginning);
  if (!wanted.secrets.empty()) {
    wanted.traits.secret = keys::random_uuid(reads_.now());
    const Writes::DiskWork keep = [this, name = keys::SecretName{account, wanted.traits.secret},
                                   bytes = exports::encode(wanted.secrets)] { return keys_.keep_secret(name, bytes); };
    const auto error = co_await writes_.on_disk(keep);
    if (error) co_return exchange.problem(unstored(error));
  }
  command.settings = settings_of(wanted);
  WriteOptions<domain::CreateSiemDestination> options;
  bool in_doubt = false, replayed = false;
  options.secret = true;
  options.in_doubt = [&in_doubt] { in_doubt = true; };
  options.replayed = [&replayed] { replayed = true; };
  options.hand_out = [id = command.id](const domain::Done&) {
    return std::vector<commands::HandedOut>{{domain::party(id), {}}};
  };
  auto rendered = [this, account, id = command.id, is_webhook, secret = wanted.secrets.signing_secret](
                      const domain::Done&, const domain::State& state) {
    const auto row = state.siem_destination(account, id);
    auto object = render(account, *row);
    if (is_webhook) object["signing_secret"] = push::webhook_secret_text(secret);
    auto made = json_answer(201, object);
    made.headers.emplace_back("ETag", etag_of(row->version));
    return made;
  };
  auto response = co_await writes_.run<domain::CreateSiemDestination>(exchange, std::move(command), std::move(rendered),
                                                                      std::move(options));
  if (replayed || (response.status() != 201 && !in_doubt)) co_await destroy(account, wanted.traits.secret);
  co_return response;
}

boost::asio::awaitable<Response> SiemDestinations::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    const auto prefix = projections::table_prefix(projections::Table::siem_destinations, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view, std::string_view bytes) {
      const auto row = projections::decode_siem_destination(bytes);
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(caller.account, row));
      page.last_key = row.id.uuid.view();
      return true;
    });
  };
  return reads_.list(exchange, std::move(fill));
}

Response SiemDestinations::get(Exchange& exchange) {
  const auto row = find(exchange);
  if (!row) return exchange.problem(no_such("SIEM destination"));
  auto response = Response::json(200, boost::json::serialize(render(exchange.caller<Caller>()->account, *row)));
  response.header("ETag", etag_of(row->version));
  return response;
}

boost::asio::awaitable<Response> SiemDestinations::update(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  for (int tries = 0;; ++tries) {
    const auto row = find(exchange);
    if (!row) co_return exchange.problem(no_such("SIEM destination"));
    const auto expected = expected_version(exchange, row->version);
    if (!expected) co_return exchange.problem(version_mismatch());
    const auto personal = reads_.opener().of_account(account, row->configuration);
    WantedDestination wanted{row->traits, domain::siem_configuration_of(personal.value_or(domain::Personal{})),
                             secrets_of(account, *row)};
    Body body(exchange);
    read_destination(body.fields(), wanted, reads_.lookup());
    if (auto problem = body.finish()) co_return exchange.problem(*problem);
    if (auto problem = refuse_receiver(wanted, egress_)) co_return exchange.problem(*problem);
    seal_content(wanted, reads_.lookup(), account);
    if (wanted.new_secrets) {
      wanted.traits.secret = wanted.secrets.empty() ? domain::Uuid{} : keys::random_uuid(reads_.now());
      const Writes::DiskWork keep = [this, name = keys::SecretName{account, wanted.traits.secret},
                                     bytes = exports::encode(wanted.secrets)] {
        return name.name.is_nil() ? boost::system::error_code() : keys_.keep_secret(name, bytes);
      };
      const auto error = co_await writes_.on_disk(keep);
      if (error) co_return exchange.problem(unstored(error));
    }
    bool in_doubt = false;
    WriteOptions<domain::UpdateSiemDestination> options;
    options.in_doubt = [&in_doubt] { in_doubt = true; };
    domain::UpdateSiemDestination command{row->id, settings_of(wanted), *expected};
    auto rendered = [this, account, id = row->id](const domain::Done&, const domain::State& state) {
      return answer(200, account, id, state);
    };
    auto response = co_await writes_.run<domain::UpdateSiemDestination>(exchange, std::move(command),
                                                                        std::move(rendered), std::move(options));
    if (wanted.new_secrets && !in_doubt)
      co_await destroy(account, response.status() == 200 ? row->traits.secret : wanted.traits.secret);
    if (response.status() == 412 && tries < most_merges) continue;
    co_return response;
  }
}

boost::asio::awaitable<Response> SiemDestinations::remove(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::SiemDestinationId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("SIEM destination"));
  auto secret = std::make_shared<domain::Uuid>();
  auto rendered = [secret](const domain::SiemDestinationDeleted& deleted, const domain::State&) {
    *secret = deleted.secret;
    return empty_answer(204);
  };
  domain::DeleteSiemDestination command{*id};
  auto response = co_await writes_.run<domain::DeleteSiemDestination>(exchange, command, std::move(rendered));
  if (response.status() == 204) co_await destroy(account, *secret);
  co_return response;
}

boost::asio::awaitable<Response> SiemDestinations::test(Exchange& exchange) {
  using Tested = exports::Exporter::Tested;
  const auto row = find(exchange);
  if (!row) co_return exchange.problem(no_such("SIEM destination"));
  const auto account = exchange.caller<Caller>()->account;
  bool begun = true;
  auto start = [&](Callback<Tested> done) {
    begun = exporter_.test(account, row, done);
    if (!begun) done({});
  };
  const auto tested = co_await await_callback<Tested>(start);
  if (!begun) co_return exchange.problem(too_many_tests());
  boost::json::object body{
      {"delivered", tested.delivered},
      {"error", tested.error.empty() ? boost::json::value(nullptr) : boost::json::value(tested.error)}};
  put_guarantee(body, *row);
  co_return Response::json(200, boost::json::serialize(body)).no_store();
}

boost::asio::awaitable<Response> SiemDestinations::set_paused(Exchange& exchange, bool paused) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::SiemDestinationId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("SIEM destination"));
  auto rendered = [this, account, id = *id](const domain::Done&, const domain::State& state) {
    return answer(200, account, id, state);
  };
  domain::SetSiemDestinationPaused command{*id, paused};
  co_return co_await writes_.run<domain::SetSiemDestinationPaused>(exchange, command, std::move(rendered));
}

boost::asio::awaitable<Response> SiemDestinations::replay(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  const auto beginning = read_beginning(body.fields(), reads_.log(account));
  if (!body->has("from") || body->is_null("from")) body->malformed("from", "is required");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto row = find(exchange);
  if (!row) co_return exchange.problem(no_such("SIEM destination"));
  auto rendered = [this, account, id = row->id](const domain::Done&, const domain::State& state) {
    return answer(200, account, id, state);
  };
  domain::RewindSiemDestination command{row->id, 0};
  command.start = co_await start_of(account, *beginning);
  co_return co_await writes_.run<domain::RewindSiemDestination>(exchange, command, std::move(rendered));
}

}  // namespace countersign::http
