#include "adapters/http/api/answers.h"

#include "adapters/keys/error.h"
#include "bus/errc.h"

namespace countersign::http {
namespace {

unsigned status_of(domain::RefusalCode code) {
  using enum domain::RefusalCode;
  switch (code) {
    case not_found: return 404;
    case key_invalid: return 401;
    case role_insufficient:
    case account_suspended: return 403;
    case version_mismatch: return 412;
    case validity_out_of_range:
    case too_large:
    case idempotency_key_reused: return 422;
    case code_not_redeemable:
    case ticket_not_redeemable: return 400;
    case too_many_attempts: return 429;
    case no_free_slot:
    case email_taken:
    case login_name_taken:
    case mfa_configured:
    case user_disabled:
    case user_not_disabled:
    case last_admin_key:
    case delivery_not_configured:
    case too_many_open_codes:
    case too_many_destinations:
    case last_authenticator:
    case too_many_authenticators:
    case authenticator_type_not_allowed:
    case codes_at_large:
    case licence_taken:
    case licence_exhausted:
    case serial_number_taken:
    case state_conflict:
    case provisioning_method:
    case answer_withdrawn: return 409;
  }
  return 500;
}

}  // namespace

Problem problem_of(const domain::Refusal& refusal) {
  // A key that was refused has one code, whether the door saw it or the decision.
  using enum domain::RefusalCode;
  const auto code = refusal.code == key_invalid         ? "unauthorized"
                    : refusal.code == role_insufficient ? "forbidden"
                                                        : text_of(refusal.code);
  Problem problem{.status = status_of(refusal.code), .code = std::string(code), .detail = refusal.detail};
  if (!refusal.allowed.empty())
    problem.extra["allowed"] = boost::json::array(refusal.allowed.begin(), refusal.allowed.end());
  return problem;
}

Problem too_many_attempts(std::int64_t wait_ms) {
  return {.status = 429,
          .code = "too-many-attempts",
          .detail = "Too many failed attempts: please wait.",
          .retry_after_s = static_cast<unsigned>((wait_ms + 999) / 1000)};
}

Problem problem_of_settlement(const boost::system::error_code& error) {
  using bus::errc;
  if (error == errc::no_space)
    return {.status = 507,
            .code = "insufficient-storage",
            .detail = "The log's disk is nearly full: nothing was changed. Reads go on."};
  if (error == errc::outcome_unknown)
    return {.status = 503,
            .code = "outcome-unknown",
            .detail = "Whether this took effect is not known yet: please repeat it with the same Idempotency-Key.",
            .retry_after_s = 1};
  if (error == errc::queue_full)
    return {
        .status = 503, .code = "overloaded", .detail = "The queue is full: nothing was changed.", .retry_after_s = 1};
  return {.status = 503,
          .code = "unavailable",
          .detail = "Nothing was changed: " + error.message() + ".",
          .retry_after_s = 2};
}

Problem code_malformed(const std::string& hint) {
  return {.status = 400, .code = "code-malformed", .detail = hint, .extra = {{"hint", hint}}};
}

Problem unstored(const boost::system::error_code& error) {
  if (error == bus::errc::queue_full)
    return {.status = 503,
            .code = "overloaded",
            .detail = "Too much waits for the disk already: nothing was changed.",
            .retry_after_s = 1};
  // A cluster's keys are stored by the brokers.
  const bool brokers = error.category() == bus::bus_category() || error == keys::errc::topic_behind ||
                       error == keys::errc::in_doubt || error == keys::errc::out_of_date;
  if (brokers) return problem_of_settlement(error);
  return {.status = 507, .code = "insufficient-storage", .detail = "It can't be stored: " + error.message() + "."};
}

Problem no_such(std::string_view what) {
  return {.status = 404, .code = "not-found", .detail = "There is no such " + std::string(what) + "."};
}

Problem bad_parameter(std::string_view name, std::string_view detail) {
  return {.status = 400,
          .code = "invalid-parameter",
          .detail = "The query parameter '" + std::string(name) + "' is not valid: " + std::string(detail) + ".",
          .errors = {{"/" + std::string(name), std::string(detail)}}};
}

boost::asio::awaitable<Response> ready(Response response) {
  co_return response;
}

commands::Answer json_answer(std::uint16_t status, const boost::json::value& body) {
  return {status, boost::json::serialize(body), {}};
}

commands::Answer empty_answer(std::uint16_t status) {
  return {status, "", {}};
}

}  // namespace countersign::http
