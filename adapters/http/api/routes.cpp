#include "adapters/http/api/routes.h"

#include "adapters/http/api/fields.h"
#include "adapters/http/api/spool.h"

namespace countersign::http {
namespace {

using domain::Role;

constexpr std::uint32_t root = domain::roles(Role::root);
constexpr std::uint32_t admin = domain::roles(Role::admin);
constexpr std::uint32_t help_desk = domain::roles(Role::admin, Role::operator_);
constexpr std::uint32_t readers = domain::roles(Role::admin, Role::operator_, Role::auditor);
constexpr std::uint32_t admin_auditor = domain::roles(Role::admin, Role::auditor);
constexpr std::uint32_t provisioner = domain::roles(Role::admin, Role::scim);
constexpr std::uint32_t switcher = domain::roles(Role::admin, Role::operator_, Role::scim);
constexpr std::uint32_t user_readers = domain::roles(Role::admin, Role::operator_, Role::auditor, Role::scim);
constexpr std::uint32_t event_readers = domain::roles(Role::admin, Role::auditor, Role::siem);
constexpr std::uint32_t gateway = domain::roles(Role::gateway);
/// Portals pass on what people read from their devices.
constexpr std::uint32_t help_desk_gateway = domain::roles(Role::admin, Role::operator_, Role::gateway);
constexpr std::uint32_t readers_gateway = domain::roles(Role::admin, Role::operator_, Role::auditor, Role::gateway);

template <class Endpoint>
AnswerLater later(Endpoint& endpoint, boost::asio::awaitable<Response> (Endpoint::*method)(Exchange&)) {
  return [&endpoint, method](Exchange& exchange) { return (endpoint.*method)(exchange); };
}

template <class Endpoint>
AnswerNow now(Endpoint& endpoint, Response (Endpoint::*method)(Exchange&)) {
  return [&endpoint, method](Exchange& exchange) { return (endpoint.*method)(exchange); };
}

const std::vector<std::string> form = {"application/x-www-form-urlencoded"};
constexpr std::uint64_t import_bytes = 256ull << 20;

Route row(Verb verb, const char* path, const char* operation, std::uint32_t roles, AnswerLater answer) {
  return {.verb = verb, .path = path, .operation = operation, .roles = roles, .later = std::move(answer)};
}

Route row(Verb verb, const char* path, const char* operation, std::uint32_t roles, AnswerNow answer) {
  return {.verb = verb, .path = path, .operation = operation, .roles = roles, .now = std::move(answer)};
}

Route accepting(Route route, std::vector<std::string> types) {
  route.accepts = std::move(types);
  return route;
}

Route streaming_answer(Route route) {
  route.streams_answer = true;
  return route;
}

Route streaming_request(Route route, std::uint64_t most) {
  route.streams_request = true;
  route.max_body_bytes = most;
  return route;
}

std::vector<std::string> pages(std::vector<std::string> parameters = {}) {
  parameters.insert(parameters.end(), {"limit", "after"});
  return parameters;
}

Route asking(Route route, std::vector<std::string> parameters) {
  route.query = std::move(parameters);
  return route;
}

/// Whether the caller may ask, once more: when the request came this node may not have known yet that his key is
/// revoked or his account suspended, and what the position that was waited for holds may be just that.
AnswerLater as_known_now(Authentication& authentication, AnswerLater answer) {
  return [&authentication, answer = std::move(answer)](Exchange& exchange) {
    if (const auto refused = authentication.admit(exchange)) return ready(exchange.problem(*refused));
    const auto* caller = exchange.caller<Caller>();
    return caller && caller->at_owner_only ? ready(moved(exchange)) : answer(exchange);
  };
}

/// Reads as of Countersign-Min-Position.
Route reading(Reads& reads, Authentication& authentication, Route route) {
  AnswerLater answer = std::move(route.later);
  const auto behind = [](const Exchange& exchange) {
    return exchange.request().has_header("Countersign-Min-Position");
  };
  if (route.now) {
    route.must_wait = behind;
    answer = [now = route.now](Exchange& exchange) { return ready(now(exchange)); };
  }
  route.later = [&reads, behind, now = answer, later = as_known_now(authentication, answer)](Exchange& exchange) {
    return behind(exchange) ? reads.at_position(exchange, later) : now(exchange);
  };
  return route;
}

/// Asks `check` first, whose problem is the answer.
Route after(Route route, std::optional<Problem> (*check)(const Exchange&)) {
  if (route.now)
    route.now = [check, answer = std::move(route.now)](Exchange& exchange) {
      const auto problem = check(exchange);
      return problem ? exchange.problem(*problem) : answer(exchange);
    };
  if (route.later)
    route.later = [check, answer = std::move(route.later)](Exchange& exchange) {
      const auto problem = check(exchange);
      return problem ? ready(exchange.problem(*problem)) : answer(exchange);
    };
  return route;
}

/// Says which position its answer rests on. Lists do by themselves.
Route positioned(Reads& reads, Route route) {
  if (route.now)
    route.now = [&reads, answer = std::move(route.now)](Exchange& exchange) {
      return reads.with_position(exchange, answer);
    };
  if (route.later)
    route.later = [&reads, answer = std::move(route.later)](Exchange& exchange) {
      return reads.with_position(exchange, answer);
    };
  return route;
}

boost::asio::awaitable<Response> counted(Reads& reads, commands::ReadLog& log, commands::ReadLog::Kind kind,
                                         Exchange& exchange, const AnswerLater& answer) {
  auto response = co_await answer(exchange);
  if (response.status() == 200) {
    const auto* caller = exchange.caller<Caller>();
    log.count({caller->account, caller->actor, caller->role}, kind, reads.now());
  }
  co_return response;
}

/// Counts what it has answered as a read of events.
Route audited(Reads& reads, commands::ReadLog& log, commands::ReadLog::Kind kind, Route route) {
  route.later = [&reads, &log, kind, answer = std::move(route.later)](Exchange& exchange) {
    return counted(reads, log, kind, exchange, answer);
  };
  return route;
}

/// Needs no body; what comes nevertheless must be JSON without a field.
Route bodiless(Route route) {
  return after(std::move(route), refuse_body);
}

/// Refuses parameters that the row doesn't name.
Route refusing_unknown_parameters(Route route) {
  return after(std::move(route), [](const Exchange& exchange) {
    return exchange.request().query.empty() ? std::nullopt : unknown_parameter(exchange);
  });
}

}  // namespace

std::vector<Route> routes(Endpoints e) {
  using enum Verb;
  auto& [authentication, reads, accounts, users, codes, redemption, connections, introspection, authenticators,
         verification, challenges, delivery_reports, licences, hardware_tokens, registrations, visual_codes, events,
         log, siem, cluster, status, operations, read_log] = e;
  const AnswerLater operation = [&r = reads, &ops = operations](Exchange& exchange) {
    return get_operation(exchange, r, ops);
  };
  std::vector<Route> table;
  const auto add = [&](Route route) {
    table.push_back(route.later ? refusing_unknown_parameters(std::move(route)) : std::move(route));
  };
  const auto read = [&r = reads, &a = authentication](Route route, std::vector<std::string> parameters = {}) {
    return asking(reading(r, a, std::move(route)), std::move(parameters));
  };
  const auto look = [&r = reads, &read](Route route) { return read(positioned(r, std::move(route))); };

  add(row(post, "/v1/accounts", "create_account", root, later(accounts, &Accounts::create)));
  add(read(row(get, "/v1/accounts", "list_accounts", root, later(accounts, &Accounts::list)), pages()));
  add(row(patch, "/v1/accounts/{id}", "update_account", root, later(accounts, &Accounts::update)));
  add(bodiless(
      row(post, "/v1/accounts/{id}/admin-keys", "create_rescue_key", root, later(accounts, &Accounts::rescue))));
  add(look(row(get, "/v1/provisioning", "get_provisioning", readers, later(accounts, &Accounts::get_provisioning))));
  add(row(patch, "/v1/provisioning", "update_provisioning", admin, later(accounts, &Accounts::change_provisioning)));
  add(row(post, "/v1/api-keys", "create_api_key", admin, later(accounts, &Accounts::create_key)));
  add(read(row(get, "/v1/api-keys", "list_api_keys", admin_auditor, later(accounts, &Accounts::list_keys)), pages()));
  add(row(delete_, "/v1/api-keys/{id}", "revoke_api_key", admin, later(accounts, &Accounts::revoke_key)));
  add(row(post, "/v1/audit-keys", "export_audit_key", admin, later(accounts, &Accounts::export_audit_key)));

  add(row(post, "/v1/users", "create_user", provisioner, later(users, &Users::create)));
  add(read(row(get, "/v1/users", "list_users", user_readers, later(users, &Users::list)),
           pages({"email", "q", "status", "mfa"})));
  add(streaming_request(
      accepting(asking(row(post, "/v1/users/import", "import_users", admin, later(users, &Users::import)), {"dry_run"}),
                {"text/csv", "application/x-ndjson"}),
      import_bytes));
  add(row(post, "/v1/users/reset", "reset_users", help_desk, later(users, &Users::reset_many)));
  add(look(row(get, "/v1/users/{id}", "get_user", user_readers, now(users, &Users::get))));
  add(row(patch, "/v1/users/{id}", "update_user", provisioner, later(users, &Users::update)));
  add(row(delete_, "/v1/users/{id}", "erase_user", admin, later(users, &Users::erase)));
  add(bodiless(row(post, "/v1/users/{id}/disable", "disable_user", switcher, later(users, &Users::disable))));
  add(bodiless(row(post, "/v1/users/{id}/enable", "enable_user", switcher, later(users, &Users::enable))));
  add(bodiless(row(post, "/v1/users/{id}/reset", "reset_user", help_desk, later(users, &Users::reset))));
  add(row(delete_, "/v1/users/{id}/sessions", "end_user_sessions", help_desk,
          later(connections, &Connections::end_user_sessions)));
  add(streaming_answer(read(row(get, "/v1/operations/{id}", "get_operation", readers, operation))));

  add(row(post, "/v1/registration-codes", "generate_registration_codes", help_desk,
          later(codes, &RegistrationCodes::generate)));
  add(read(
      row(get, "/v1/registration-codes", "list_registration_codes", readers, later(codes, &RegistrationCodes::list)),
      pages({"user_id", "status"})));
  add(streaming_answer(read(row(get, "/v1/registration-codes.csv", "download_registration_codes", admin,
                                later(codes, &RegistrationCodes::download)),
                            {"user_id", "operation_id", "generated_since", "columns"})));
  add(bodiless(row(post, "/v1/registration-codes/generate-for-new-users", "generate_for_new_users", admin,
                   later(codes, &RegistrationCodes::generate_for_new_users))));
  add(look(row(post, "/v1/registration-codes/lookup", "lookup_registration_code", help_desk,
               later(codes, &RegistrationCodes::lookup))));
  add(look(row(get, "/v1/registration-codes/{id}", "get_registration_code", readers,
               later(codes, &RegistrationCodes::get))));
  add(bodiless(row(post, "/v1/registration-codes/{id}/revoke", "revoke_registration_code", help_desk,
                   later(codes, &RegistrationCodes::revoke))));
  add(row(post, "/v1/redeem", "redeem_code", public_route, later(redemption, &Redemption::redeem)));
  add(row(post, "/v1/devices/activate", "activate_device", public_route, later(redemption, &Redemption::activate)));

  add(read(row(get, "/v1/devices", "list_devices", readers, later(connections, &Connections::list_devices)),
           pages({"user_id", "status"})));
  add(look(row(get, "/v1/devices/{id}", "get_device", readers, later(connections, &Connections::get_device))));
  add(row(patch, "/v1/devices/{id}", "rename_device", help_desk, later(connections, &Connections::rename_device)));
  add(bodiless(row(post, "/v1/devices/{id}/revoke", "revoke_device", help_desk,
                   later(connections, &Connections::revoke_device))));
  add(read(row(get, "/v1/tokens", "list_tokens", readers, later(connections, &Connections::list_tokens)),
           pages({"user_id", "status"})));
  add(look(row(get, "/v1/tokens/{id}", "get_token", readers, later(connections, &Connections::get_token))));
  add(bodiless(
      row(post, "/v1/tokens/{id}/revoke", "revoke_token", help_desk, later(connections, &Connections::revoke_token))));
  add(read(row(get, "/v1/sessions", "list_sessions", readers, later(connections, &Connections::list_sessions)),
           pages({"user_id", "active"})));
  add(look(row(get, "/v1/sessions/{id}", "get_session", readers, later(connections, &Connections::get_session))));
  add(row(delete_, "/v1/sessions/{id}", "end_session", help_desk, later(connections, &Connections::end_session)));
  add(accepting(read(row(post, "/oauth2/introspect", "introspect_token", gateway,
                         now(introspection, &Introspection::introspect))),
                form));
  add(accepting(
      row(post, "/oauth2/revoke", "revoke_bearer_token", public_route, later(introspection, &Introspection::revoke)),
      form));

  const auto manage = [&e = authenticators](Verb verb, const char* path, const char* name,
                                            boost::asio::awaitable<Response> (Authenticators::*method)(Exchange&)) {
    return row(verb, path, name, help_desk, later(e, method));
  };
  const auto with_otp = [&e = verification](const char* path, const char* name, std::uint32_t roles,
                                            boost::asio::awaitable<Response> (Verification::*method)(Exchange&)) {
    return row(post, path, name, roles, later(e, method));
  };
  add(manage(post, "/v1/authenticators", "enrol_authenticator", &Authenticators::enrol));
  add(read(row(get, "/v1/authenticators", "list_authenticators", readers, later(authenticators, &Authenticators::list)),
           pages({"user_id", "status", "type"})));
  add(look(
      row(get, "/v1/authenticators/{id}", "get_authenticator", readers, now(authenticators, &Authenticators::get))));
  add(look(row(get, "/v1/users/{id}/authenticators", "list_authenticators_of_user", readers,
               later(authenticators, &Authenticators::list_of_user))));
  add(manage(patch, "/v1/authenticators/{id}", "update_authenticator", &Authenticators::update));
  add(manage(delete_, "/v1/authenticators/{id}", "delete_authenticator", &Authenticators::remove));
  add(manage(post, "/v1/authenticators/{id}/disable", "disable_authenticator", &Authenticators::disable));
  add(manage(post, "/v1/authenticators/{id}/enable", "enable_authenticator", &Authenticators::enable));
  add(manage(post, "/v1/authenticators/{id}/retire", "retire_authenticator", &Authenticators::retire));
  add(manage(post, "/v1/authenticators/{id}/compromised", "report_compromised_authenticator",
             &Authenticators::report_compromised));
  add(manage(post, "/v1/authenticators/{id}/replace", "replace_authenticator", &Authenticators::replace));
  add(bodiless(
      manage(post, "/v1/authenticators/{id}/unlock", "unlock_user_of_authenticator", &Authenticators::unlock)));
  add(with_otp("/v1/authenticators/{id}/confirm", "confirm_authenticator", help_desk, &Verification::confirm));
  add(with_otp("/v1/authenticators/{id}/test", "test_authenticator", help_desk, &Verification::test));
  add(with_otp("/v1/authenticators/{id}/reset", "reset_authenticator", help_desk, &Verification::reset));
  add(with_otp("/v1/verify", "verify_otp", gateway, &Verification::verify));
  add(row(post, "/v1/challenges", "issue_challenge", help_desk_gateway, later(challenges, &Challenges::issue)));
  const auto report = [&e = delivery_reports](Verb verb, const char* name) {
    auto route = row(verb, "/v1/delivery-reports", name, public_route, later(e, &DeliveryReports::take));
    return asking(accepting(std::move(route), {"application/json", form.front()}), {"reference", "type"});
  };
  add(report(post, "report_delivery"));
  add(report(get, "report_delivery_by_get"));

  add(row(post, "/v1/licences", "create_licence", admin, later(licences, &Licences::create)));
  add(accepting(row(post, "/v1/licences/import", "import_licences", admin, later(licences, &Licences::import)),
                {"text/csv"}));
  add(read(row(get, "/v1/licences", "list_licences", readers, later(licences, &Licences::list)),
           pages({"serial_number"})));
  add(look(row(get, "/v1/licences/{id}", "get_licence", readers, now(licences, &Licences::get))));
  add(row(patch, "/v1/licences/{id}", "update_licence", admin, later(licences, &Licences::update)));
  add(row(delete_, "/v1/licences/{id}", "delete_licence", admin, later(licences, &Licences::remove)));
  add(streaming_request(accepting(row(post, "/v1/hardware-tokens/import", "import_hardware_tokens", admin,
                                      later(hardware_tokens, &HardwareTokens::import)),
                                  {"text/csv", "application/pskc+xml"}),
                        import_bytes));
  add(read(
      row(get, "/v1/hardware-tokens", "list_hardware_tokens", readers, later(hardware_tokens, &HardwareTokens::list)),
      pages({"serial", "status", "user_id"})));
  add(look(
      row(get, "/v1/hardware-tokens/{id}", "get_hardware_token", readers, now(hardware_tokens, &HardwareTokens::get))));
  add(bodiless(row(post, "/v1/hardware-tokens/{id}/retire", "retire_hardware_token", help_desk,
                   later(hardware_tokens, &HardwareTokens::retire))));
  add(row(delete_, "/v1/hardware-tokens/{id}", "delete_hardware_token", admin,
          later(hardware_tokens, &HardwareTokens::remove)));
  add(row(post, "/v1/authenticators/{serial}/assign", "assign_hardware_token", help_desk,
          later(hardware_tokens, &HardwareTokens::assign)));
  add(row(post, "/v1/authenticators/{serial}/unassign", "unassign_hardware_token", help_desk,
          later(hardware_tokens, &HardwareTokens::unassign)));
  add(row(post, "/v1/users/register", "register_device", help_desk, later(registrations, &Registrations::begin)));
  add(row(post, "/v1/authenticators/{serial}/generate-activation-message", "generate_activation_message", help_desk,
          later(registrations, &Registrations::begin_with_serial)));
  add(look(row(get, "/v1/registrations/{id}", "get_registration", readers_gateway,
               now(registrations, &Registrations::get))));
  add(row(post, "/v1/registrations/{id}/add-device", "add_device_to_registration", help_desk_gateway,
          later(registrations, &Registrations::add_device)));
  add(row(post, "/v1/registrations/{id}/activate", "activate_registration", help_desk_gateway,
          later(registrations, &Registrations::activate)));
  add(row(delete_, "/v1/registrations/{id}", "cancel_registration", help_desk,
          later(registrations, &Registrations::cancel)));
  add(row(post, "/v1/visual-codes", "render_visual_code", help_desk_gateway, now(visual_codes, &VisualCodes::render)));

  using Read = commands::ReadLog::Kind;
  const auto audit = [&r = reads, &reads_of = read_log](Read kind, Route route) {
    return audited(r, reads_of, kind, std::move(route));
  };
  add(audit(Read::list, read(row(get, "/v1/events", "list_events", event_readers | root, later(events, &Events::list)),
                             pages({"account", "since", "until", "filter", "q", "sort"}))));
  const auto count = [&look](Route route, std::vector<std::string> parameters) {
    parameters.insert(parameters.end(), {"account", "since", "until", "filter", "q"});
    return asking(look(std::move(route)), std::move(parameters));
  };
  add(audit(Read::facets, count(row(get, "/v1/events/facets", "count_events_by_field", event_readers | root,
                                    later(events, &Events::facets)),
                                {"fields", "values"})));
  add(audit(Read::histogram, count(row(get, "/v1/events/histogram", "count_events_over_time", event_readers | root,
                                       later(events, &Events::histogram)),
                                   {"buckets"})));
  add(streaming_answer(
      read(row(get, "/v1/events/stream", "stream_events", event_readers | root, later(events, &Events::stream)),
           {"account", "after", "filter", "format", "checkpoints"})));
  add(audit(Read::list,
            look(row(get, "/v1/events/{id}", "get_event", event_readers | root, later(events, &Events::get)))));

  const auto of_the_log = [&look](Route route) { return asking(look(std::move(route)), {"account"}); };
  add(of_the_log(
      row(get, "/v1/log/checkpoint", "get_log_checkpoint", event_readers | root, later(log, &AccountLog::checkpoint))));
  add(audit(Read::log, of_the_log(row(get, "/v1/log/tile/{rest*}", "get_log_tile", event_readers | root,
                                      later(log, &AccountLog::tile)))));
  add(audit(Read::log, of_the_log(row(get, "/v1/log/entries/{rest*}", "get_log_entries", event_readers | root,
                                      later(log, &AccountLog::entries)))));
  add(of_the_log(row(get, "/v1/log/key", "get_log_key", event_readers | root, later(log, &AccountLog::key))));

  const auto one = [&e = siem](Verb verb, const char* path, const char* name,
                               boost::asio::awaitable<Response> (SiemDestinations::*method)(Exchange&)) {
    return row(verb, path, name, admin, later(e, method));
  };
  add(one(post, "/v1/siem-destinations", "create_siem_destination", &SiemDestinations::create));
  add(read(
      row(get, "/v1/siem-destinations", "list_siem_destinations", admin_auditor, later(siem, &SiemDestinations::list)),
      pages()));
  add(look(row(get, "/v1/siem-destinations/{id}", "get_siem_destination", admin_auditor,
               now(siem, &SiemDestinations::get))));
  add(one(patch, "/v1/siem-destinations/{id}", "update_siem_destination", &SiemDestinations::update));
  add(one(delete_, "/v1/siem-destinations/{id}", "delete_siem_destination", &SiemDestinations::remove));
  add(bodiless(one(post, "/v1/siem-destinations/{id}/test", "test_siem_destination", &SiemDestinations::test)));
  add(bodiless(one(post, "/v1/siem-destinations/{id}/pause", "pause_siem_destination", &SiemDestinations::pause)));
  add(bodiless(one(post, "/v1/siem-destinations/{id}/resume", "resume_siem_destination", &SiemDestinations::resume)));
  add(one(post, "/v1/siem-destinations/{id}/replay", "replay_siem_destination", &SiemDestinations::replay));

  add(look(row(get, "/v1/projections", "list_projections", event_readers | root, later(status, &Status::projections))));

  add(row(get, "/v1/cluster", "get_cluster", root, now(cluster, &Cluster::show)));
  add(row(get, "/v1/cluster/nodes", "list_nodes", root, later(cluster, &Cluster::nodes)));
  add(bodiless(row(post, "/v1/cluster/partitions/{id}/finalize-upgrade", "finalize_upgrade", root,
                   later(cluster, &Cluster::finalize_upgrade))));
  add(row(post, "/v1/backup", "create_backup", root, later(status, &Status::backup)));
  add(row(get, "/healthz", "health", public_route, now(status, &Status::health)));
  add(row(get, "/readyz", "ready", public_route, now(status, &Status::ready)));
  add(row(get, "/metrics", "metrics", public_route, now(status, &Status::metrics)));
  add(row(get, "/openapi.yaml", "openapi", public_route, now(status, &Status::openapi)));
  return table;
}

}  // namespace countersign::http
