#include "adapters/http/api/registrations.h"

#include "adapters/http/api/fields.h"
#include "adapters/http/api/licences.h"
#include "adapters/http/api/rendering.h"
#include "adapters/keys/random.h"
#include "adapters/offline/typed_text.h"
#include "domain/device_registration.h"
#include "domain/event_catalogue.h"

namespace countersign::http {

namespace json = boost::json;
using domain::AuthenticatorId;
using domain::Reason;
using domain::RegistrationId;

namespace {

constexpr std::size_t longest_code = 200;

AuthenticatorId authenticator_of(RegistrationId id) {
  return AuthenticatorId{id.uuid};
}

Problem device_code_malformed() {
  return {.status = 400,
          .code = "device-code-malformed",
          .detail =
              "This can't be the code of a device for this registration: it was mistyped, or belongs to another "
              "registration. It wasn't counted."};
}

Problem signature_malformed() {
  return {.status = 400,
          .code = "signature-malformed",
          .detail = "A signature has 8 letters, in two groups of four. It wasn't counted."};
}

/// Counted.
Problem step_failed(const domain::RegistrationStepTaken& taken) {
  Problem problem{.status = 422, .code = "signature-wrong", .detail = "The signature is not the device's."};
  if (taken.reason == Reason::device_code_wrong) {
    problem.code = "device-code-wrong";
    problem.detail = "It is not the code of the registration's device.";
  }
  if (taken.tries_left == 0) problem.detail += " The registration is over: begin another one.";
  problem.extra["triesLeft"] = taken.tries_left;
  return problem;
}

Problem unopened(const boost::system::error_code& error) {
  return {.status = 503,
          .code = "unavailable",
          .detail = "Nothing was counted: the registration's secret can't be opened: " + error.message() + ".",
          .retry_after_s = 2};
}

}  // namespace

// --- begin -----------------------------------------------------------------------------------------------------------

struct Registrations::Wanted {
  domain::UserId user;
  std::string serial_number;
  domain::LicenceType type = domain::LicenceType::mdl;
  domain::OtpAlgorithm algorithm = domain::OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  domain::Personal texts;
  bool force = false;

  void read(Fields& fields) {
    static constexpr std::string_view algorithms[] = {"sha1", "sha256", "sha512"};
    user = domain::UserId::parse(fields.text("user_id")).value_or(domain::UserId{});
    algorithm = static_cast<domain::OtpAlgorithm>(fields.optional_choice("algorithm", algorithms).value_or(0));
    digits = static_cast<std::uint8_t>(fields.optional_integer("digits", 6, 8).value_or(6));
    texts.name = nullable_text(fields, "name", 200).value_or("");
    texts.detail = nullable_text(fields, "comment", 1'000).value_or("");
    force = fields.optional_boolean("force").value_or(false);
  }
};

boost::asio::awaitable<Response> Registrations::begin(Exchange& exchange) {
  static constexpr std::string_view activation_types[] = {"offlineMDL", "offlineSDL"};
  const auto wanted = std::make_shared<Wanted>();
  Body body(exchange);
  wanted->read(body.fields());
  int named = 0;
  for (const auto index : {0, 1}) {
    const auto name = activation_types[index];
    named += body->optional_object(name, [&](Fields& fields) {
      wanted->type = index == 0 ? domain::LicenceType::mdl : domain::LicenceType::sdl;
      wanted->serial_number = serial_number_in(fields, "serialNumber");
      const auto type = fields.optional_choice("activationType", activation_types);
      if (type && activation_types[*type] != name) fields.invalid("activationType", std::string(name) + " is expected");
    });
  }
  if (named != 1) body->malformed("", "one of offlineMDL and offlineSDL is expected");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  co_return co_await begin(exchange, wanted);
}

boost::asio::awaitable<Response> Registrations::begin_with_serial(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto wanted = std::make_shared<Wanted>();
  Body body(exchange);
  wanted->read(body.fields());
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  wanted->serial_number = exchange.parameter();
  const auto state = reads_.state();
  const auto entry = state.find(serial_digest(reads_.lookup(), account, wanted->serial_number));
  const auto licence = entry ? state.licence(account, domain::LicenceId{entry->id}) : nullptr;
  if (!licence) co_return exchange.problem(no_such("licence"));
  wanted->type = licence->type;
  co_return co_await begin(exchange, wanted);
}

/// What the device shows before it goes on.
offline::FirstMessage Registrations::first_message(domain::AccountId account, const Wanted& wanted,
                                                   AuthenticatorId id) const {
  const auto state = reads_.state();
  const auto tenant = state.account(account);
  const auto user = state.user(account, wanted.user);
  const auto name = reads_.opener().of_account(account, tenant->name).value_or(domain::Personal{});
  const auto person = reads_.opener().of_user(account, wanted.user, user->profile).value_or(domain::Personal{});
  auto shown = trimmed(person.first_name + " " + person.last_name);
  if (shown.empty()) shown = person.email;
  return {id.uuid,   account,         wanted.user, reads_.now() + domain::registration_lifetime, wanted.serial_number,
          name.name, std::move(shown)};
}

boost::asio::awaitable<Response> Registrations::begin(Exchange& exchange, std::shared_ptr<Wanted> wanted) {
  const auto account = exchange.caller<Caller>()->account;
  if (!reads_.state().user(account, wanted->user)) co_return exchange.problem(no_such("user"));
  const otp::SeedName name{account, wanted->user, keys::random_id<AuthenticatorId>(reads_.now())};
  const auto drawn = keys::random_bytes<offline::secret_bytes>();
  const auto secret = std::make_shared<const std::string>(drawn.begin(), drawn.end());
  const Writes::DiskWork keep = [this, name, secret] { return seeds_.keep(name, *secret); };
  const auto error = co_await writes_.on_disk(keep);
  if (error) co_return exchange.problem(unstored(error));

  const auto first = encode(first_message(account, *wanted, name.authenticator));
  domain::BeginRegistration command{.user = wanted->user,
                                    .id = name.authenticator,
                                    .serial = serial_digest(reads_.lookup(), account, wanted->serial_number),
                                    .type = wanted->type,
                                    .algorithm = wanted->algorithm,
                                    .digits = wanted->digits,
                                    .content = content_of(reads_.lookup(), account, wanted->texts),
                                    .texts = wanted->texts,
                                    .message = bus::sha256(first),
                                    .force = wanted->force};
  AuthenticatorId lapsed;
  auto rendered = [secret, first, serial = wanted->serial_number, &lapsed](const domain::RegistrationBegun& begun,
                                                                           const domain::State&) {
    lapsed = begun.lapsed;
    return json_answer(201, json::object{{"registrationID", RegistrationId{begun.id.uuid}.text()},
                                         {"activationPassword", offline::activation_password(*secret, begun.id.uuid)},
                                         {"activationMessage1", offline::picture_text(first)},
                                         {"serialNumber", serial},
                                         {"expiresAt", time_or_null(begun.expires_at)}});
  };
  WriteOptions<domain::BeginRegistration> options;
  bool in_doubt = false, replayed = false;
  options.secret = true;
  options.in_doubt = [&in_doubt] { in_doubt = true; };
  options.replayed = [&replayed] { replayed = true; };
  options.hand_out = [](const domain::RegistrationBegun& begun) {
    return std::vector<commands::HandedOut>{{domain::party(begun.id), begun.user}};
  };
  auto response = co_await writes_.run<domain::BeginRegistration>(exchange, std::move(command), std::move(rendered),
                                                                  std::move(options));
  if (replayed || (response.status() != 201 && !in_doubt))
    co_await authenticators_.destroy_seed(account, name.authenticator);
  if (lapsed && response.status() == 201) co_await authenticators_.destroy_seed(account, lapsed);
  co_return response;
}

// --- look ------------------------------------------------------------------------------------------------------------

std::optional<domain::FoundAuthenticator> Registrations::find(const Exchange& exchange) const {
  const auto id = RegistrationId::parse(exchange.parameter());
  if (!id) return std::nullopt;
  auto found = domain::find_authenticator(reads_.state(), exchange.caller<Caller>()->account, authenticator_of(*id));
  if (found && !found->authenticator->licence) return std::nullopt;
  return found;
}

std::shared_ptr<const domain::Licence> Registrations::licence_of(domain::AccountId account, const Found& found) const {
  return reads_.state().licence(account, found.authenticator->licence);
}

Response Registrations::get(Exchange& exchange) {
  const auto found = find(exchange);
  const auto licence = found ? licence_of(exchange.caller<Caller>()->account, *found) : nullptr;
  if (!licence) return exchange.problem(no_such("registration"));
  const auto& a = *found->authenticator;
  const bool lapsed = effective_status(a, reads_.now()) == domain::AuthenticatorStatus::expired;
  const auto status = !a.is_being_registered()                    ? "activated"
                      : lapsed                                    ? "expired"
                      : a.registration.device != domain::Digest{} ? "deviceAdded"
                                                                  : "registered";
  const json::object body{{"registrationID", RegistrationId{a.id.uuid}.text()},
                          {"authenticatorID", a.id.text()},
                          {"userID", found->user->id.text()},
                          {"licenceID", licence->id.text()},
                          {"serialNumber", domain::instance_serial(*licence, a.instance)},
                          {"status", status},
                          {"triesLeft", domain::most_registration_failures - a.registration.failures},
                          {"expiresAt", time_or_null(a.registration.expires_at)}};
  return Response::json(200, json::serialize(body)).no_store();
}

// --- steps -----------------------------------------------------------------------------------------------------------

/// A device's code, and what follows from it.
struct Registrations::Step {
  otp::SeedName name;
  offline::Registration registration;
  offline::PublicKey device{};
  domain::Digest digest{};  ///< of the code
  bool is_added = false;    ///< it is the code of the registration's device
  offline::SecondMessage offer;
  std::string secret;
  std::optional<offline::Agreement> agreed;
};

std::optional<Problem> Registrations::prepare(const Exchange& exchange, const std::string& code, Step& step) const {
  const auto account = exchange.caller<Caller>()->account;
  const auto found = find(exchange);
  const auto licence = found ? licence_of(account, *found) : nullptr;
  if (!licence) return no_such("registration");
  const auto& a = *found->authenticator;
  const auto device = offline::parse_device_code(code, a.id.uuid);
  if (!device) return device_code_malformed();
  step.name = {account, found->user->id, a.id};
  step.registration = {a.id.uuid, account, found->user->id, a.registration.message};
  step.device = *device;
  step.digest =
      reads_.lookup().digest(keys::LookupKind::device_code, account, offline::device_code(*device, a.id.uuid));
  step.is_added = a.is_being_registered() && a.registration.device == step.digest;
  step.offer = {.serial_number = domain::instance_serial(*licence, a.instance),
                .type = a.type,
                .algorithm = a.algorithm,
                .digits = a.digits,
                .period = a.period};
  return std::nullopt;
}

/// Opens the registration's secret and comes to what a device with this code comes to.
boost::asio::awaitable<boost::system::error_code> Registrations::agree(std::shared_ptr<Step> step) {
  const Writes::DiskWork work = [this, step]() -> boost::system::error_code {
    auto kept = seeds_.open(step->name);
    if (kept.has_error()) return kept.error();
    if (!*kept || (*kept)->size() < offline::secret_bytes) return keys::errc::damaged;
    step->secret = (*kept)->substr(0, offline::secret_bytes);
    step->agreed = offline::agree(step->registration, step->secret, step->device, step->offer);
    return {};
  };
  co_return co_await writes_.on_disk(work);
}

boost::asio::awaitable<Response> Registrations::add_device(Exchange& exchange) {
  Body body(exchange);
  const auto code = body->text("deviceCode", {.most = longest_code});
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto step = std::make_shared<Step>();
  if (auto problem = prepare(exchange, code, *step)) co_return exchange.problem(*problem);
  const auto error = co_await agree(step);
  if (error) co_return exchange.problem(unopened(error));
  if (!step->agreed) co_return exchange.problem(device_code_malformed());
  auto rendered = [step](const domain::RegistrationStepTaken& taken, const domain::State&) {
    if (!taken.done) return empty_answer(204);
    return json_answer(200, json::object{{"activationMessage2", offline::picture_text(step->agreed->second_message)},
                                         {"serialNumber", step->offer.serial_number}});
  };
  domain::AddDevice command{step->name.authenticator, true, step->digest};
  auto response = co_await writes_.run<domain::AddDevice>(exchange, command, std::move(rendered));
  response.no_store();
  co_return response;
}

boost::asio::awaitable<Response> Registrations::activate(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  const auto code = body->text("deviceCode", {.most = longest_code});
  const auto typed = body->text("signature", {.most = longest_code});
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto step = std::make_shared<Step>();
  if (auto problem = prepare(exchange, code, *step)) co_return exchange.problem(*problem);
  const auto signature = offline::parse_typed_text(typed, offline::signature_bytes);
  if (!signature) co_return exchange.problem(signature_malformed());
  const auto error = co_await agree(step);
  if (error) co_return exchange.problem(unopened(error));
  const bool matches = step->agreed && bus::equal_constant_time(step->agreed->signature, *signature);
  // Of another device than the registration's nothing is kept: decide() refuses it.
  if (matches && step->is_added) {
    const Writes::DiskWork keep = [this, step] { return seeds_.keep(step->name, step->secret + step->agreed->seed); };
    const auto unkept = co_await writes_.on_disk(keep);
    if (unkept) co_return exchange.problem(unstored(unkept));
  }
  const auto taken = std::make_shared<domain::RegistrationStepTaken>();
  auto rendered = [step, taken](const domain::RegistrationStepTaken& result, const domain::State&) {
    *taken = result;
    if (!result.done) return empty_answer(204);
    return json_answer(200, json::object{{"registrationID", RegistrationId{step->registration.id}.text()},
                                         {"authenticatorID", step->name.authenticator.text()},
                                         {"serialNumber", step->offer.serial_number},
                                         {"status", "activated"}});
  };
  domain::CompleteRegistration command{step->name.authenticator, step->digest, matches};
  WriteOptions<domain::CompleteRegistration> options;
  options.idempotent = false;  // repeated, it says that the registration has ended; a failure is counted each time
  auto response =
      co_await writes_.run<domain::CompleteRegistration>(exchange, command, std::move(rendered), std::move(options));
  response.no_store();
  if (response.status() != 204) co_return response;
  if (taken->tries_left == 0) co_await authenticators_.destroy_seed(account, step->name.authenticator);
  co_return exchange.problem(step_failed(*taken));
}

boost::asio::awaitable<Response> Registrations::cancel(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = RegistrationId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("registration"));
  auto rendered = [](const domain::RegistrationStepTaken&, const domain::State&) { return empty_answer(204); };
  domain::CancelRegistration command{authenticator_of(*id)};
  auto response = co_await writes_.run<domain::CancelRegistration>(exchange, command, std::move(rendered));
  if (response.status() == 204) co_await authenticators_.destroy_seed(account, authenticator_of(*id));
  co_return response;
}

}  // namespace countersign::http
