#include "adapters/http/api/verification.h"

#include <algorithm>

#include "adapters/http/api/counted_refusals.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/user_name.h"
#include "adapters/offline/ceremony.h"
#include "adapters/otp/ocra.h"
#include "adapters/otp/otp.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"

namespace countersign::http {

namespace {

using domain::Authenticator;
using domain::AuthenticatorId;
using domain::OtpFlow;
using domain::Reason;

constexpr int most_comparisons = 8;  ///< of one attempt, while what was compared changes underneath

std::string password_in(Fields& fields, std::string_view name) {
  auto text = fields.text(name, {.least = 6, .most = 16});
  std::erase_if(text, [](char letter) { return letter == ' ' || letter == '-'; });  // as apps show them
  const bool digits = std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
  if (!digits || text.size() < 6 || text.size() > 10) fields.invalid(name, "6 to 10 digits are expected");
  return text;
}

domain::AuthenticatorAction action_of(OtpFlow flow) {
  switch (flow) {
    case OtpFlow::test: return domain::AuthenticatorAction::test;
    case OtpFlow::confirm: return domain::AuthenticatorAction::confirm;
    case OtpFlow::reset: return domain::AuthenticatorAction::reset;
    default: return domain::AuthenticatorAction::verify;
  }
}

Problem unopened(const boost::system::error_code& error) {
  if (error == bus::errc::queue_full) return unstored(error);
  return {.status = 503,
          .code = "unavailable",
          .detail = "Nothing was counted: the authenticator's secret can't be opened: " + error.message() + ".",
          .retry_after_s = 2};
}

Problem not_accepted(const domain::OtpUsed& used, domain::UnixMs now) {
  Problem problem{.status = 422, .code = "otp-not-accepted", .detail = "The one-time password was not accepted."};
  if (used.reason == Reason::blocked_after_failures) {
    problem = too_many_attempts(std::max<domain::UnixMs>(0, used.blocked_until - now));
    if (used.blocked_until <= now) problem.detail = "Too many failed attempts: an operator has to unlock the user.";
  }
  problem.extra["reason"] = domain::reason_text(used.reason);
  if (used.blocked_until != 0) problem.extra["blocked_until"] = queries::rfc3339(used.blocked_until);
  return problem;
}

}  // namespace

struct Verification::Attempt {
  domain::AccountId account;
  domain::UserId user;            ///< nil: there is no such user
  AuthenticatorId authenticator;  ///< nil: any of the user's
  OtpFlow flow = OtpFlow::verify;
  std::string password, second;  ///< the second of a reset
};

/// What answers its newest challenge, open or not: that is for decide() to say.
std::optional<otp::Match> Verification::match_challenge(const Authenticator& a, std::string_view seed,
                                                        const Attempt& attempt, domain::UnixMs now) const {
  const otp::Shape shape{a.algorithm, a.digits};
  if (domain::is_by_message(a.type))
    return otp::match_hotp(seed, attempt.password, a.challenge.counter, shape, {.events_ahead = 0});
  const auto texts = reads_.opener().of_user(attempt.account, attempt.user, a.challenge.question);
  const auto suite = otp::parse_ocra_suite(a.suite);
  if (!texts || !std::holds_alternative<otp::OcraSuite>(suite)) return std::nullopt;
  return otp::match_ocra(seed, attempt.password, std::get<otp::OcraSuite>(suite), texts->detail, a.next, now / 1'000);
}

std::optional<otp::Match> Verification::match(const Authenticator& a, std::string_view seed, const Attempt& attempt,
                                              domain::UnixMs now) {
  const otp::Shape shape{a.algorithm, a.digits};
  if (attempt.flow == OtpFlow::reset)
    return a.period == 0
               ? otp::match_two(seed, attempt.password, attempt.second, a.next, shape)
               : otp::match_two_in_time(seed, attempt.password, attempt.second, a.next, now / 1'000, a.period, shape);
  if (a.codes > 0) return otp::match_code(seed, attempt.password, a.codes, a.used, shape);
  if (a.period == 0) return otp::match_hotp(seed, attempt.password, a.next, shape);
  otp::Window window;
  // Whoever confirms has the device in hand: how far its clock is off is learned at once.
  if (attempt.flow == OtpFlow::confirm) window.steps_around = static_cast<std::uint64_t>(window.most_drift);
  return otp::match_totp(seed, attempt.password, now / 1'000, a.period, a.drift, shape, window);
}

/// Opens the seeds of what the flow may use, and compares. With none it does as much with a seed that nobody has.
boost::system::error_code Verification::compare(const Attempt& attempt, domain::UseOtp& command) const {
  command.user = attempt.user;
  command.flow = attempt.flow;
  command.named = attempt.authenticator;
  const auto now = reads_.now();
  const auto user = reads_.state().user(attempt.account, attempt.user);
  bool compared = false;
  const auto wanted = [&](const Authenticator& each) {
    const bool named = !attempt.authenticator || attempt.authenticator == each.id;
    return named && domain::may(action_of(attempt.flow), each.type, effective_status(each, now));
  };
  static const std::vector<Authenticator> none;
  for (const auto& each : user ? user->authenticators : none) {
    if (!wanted(each)) continue;
    const auto seed = seeds_.open(otp::seed_name(attempt.account, attempt.user, each));
    if (seed.has_error()) return seed.error();
    if (!*seed) {
      // Deleted meanwhile, or an older copy of the key store was put back: that isn't the user's mistake.
      if (domain::find_authenticator(reads_.state(), attempt.account, each.id)) return keys::errc::damaged;
      continue;
    }
    domain::OtpProof proof{each.id, each.version};
    proof.challenge = each.challenge.id;
    const auto found = domain::answers_challenges(each.type)
                           ? match_challenge(each, **seed, attempt, now)
                           : match(each, offline::otp_seed(each, **seed), attempt, now);
    if (found) {
      proof.matched = true;
      proof.counter = found->counter;
      proof.drift = found->drift;
    }
    compared = true;
    command.proofs.push_back(proof);
  }
  if (!compared) {
    Authenticator nobodys;
    nobodys.period = 30;
    seeds_.pretend_to_open();
    match(nobodys, std::string(20, '\0'), attempt, now);
  }
  return {};
}

void Verification::count(Exchange& exchange, Reason reason, domain::UserId user) {
  count_refusal(exchange, reads_, writes_, refusals_, domain::EventType::authenticator_verification_refused, reason,
                user);
}

boost::asio::awaitable<Response> Verification::use(Exchange& exchange, std::shared_ptr<const Attempt> attempt,
                                                   Render render, std::shared_ptr<domain::OtpUsed> used) {
  for (int tries = 0;; ++tries) {
    const auto command = std::make_shared<domain::UseOtp>();
    const Writes::DiskWork work = [this, attempt, command] { return compare(*attempt, *command); };
    const auto error = co_await writes_.on_disk(work);
    if (error) co_return exchange.problem(unopened(error));
    *used = {};
    auto rendered = [used, render](const domain::OtpUsed& result, const domain::State& state) {
      *used = result;
      return render(result, state);
    };
    auto response = co_await writes_.run<domain::UseOtp>(exchange, std::move(*command), std::move(rendered));
    if (used->stale && tries < most_comparisons) continue;
    const bool unwritten = used->reason == Reason::user_unknown || used->reason == Reason::user_disabled ||
                           used->reason == Reason::blocked_after_failures;
    if (unwritten) count(exchange, used->reason, attempt->user);
    if (used->replaced) co_await authenticators_.destroy_seed(attempt->account, used->replaced);
    response.no_store();
    co_return response;
  }
}

// --- gateways --------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Verification::verify(Exchange& exchange) {
  const auto attempt = std::make_shared<Attempt>();
  attempt->account = exchange.caller<Caller>()->account;
  Body body(exchange);
  const auto whom = UserName::read(body);
  attempt->password = password_in(body.fields(), "otp");
  const auto authenticator = body->optional_text("authenticator_id");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  attempt->user = whom.find(reads_, attempt->account);
  if (authenticator) {
    // One that can't be is as good as one that isn't the user's.
    attempt->authenticator =
        AuthenticatorId::parse(*authenticator).value_or(AuthenticatorId{domain::uuid_from(std::string(16, '\xff'))});
  }
  const Render render = [](const domain::OtpUsed& used, const domain::State&) {
    if (!used.accepted) return json_answer(200, boost::json::object{{"verified", false}});
    return json_answer(200, boost::json::object{{"verified", true}, {"authenticator_id", used.authenticator.text()}});
  };
  const auto used = std::make_shared<domain::OtpUsed>();
  co_return co_await use(exchange, attempt, render, used);
}

// --- operators -------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Verification::of_operator(Exchange& exchange, OtpFlow flow) {
  const auto attempt = std::make_shared<Attempt>();
  attempt->account = exchange.caller<Caller>()->account;
  attempt->flow = flow;
  Body body(exchange);
  attempt->password = password_in(body.fields(), flow == OtpFlow::reset ? "otp1" : "otp");
  if (flow == OtpFlow::reset) attempt->second = password_in(body.fields(), "otp2");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto id = AuthenticatorId::parse(exchange.parameter());
  const auto found = id ? domain::find_authenticator(reads_.state(), attempt->account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such("authenticator"));
  const auto& authenticator = *found->authenticator;
  const auto status = effective_status(authenticator, reads_.now());
  if (!domain::may(action_of(flow), authenticator.type, status))
    co_return exchange.problem(problem_of(domain::not_allowed(action_of(flow), authenticator.type, status)));
  attempt->user = found->user->id;
  attempt->authenticator = *id;
  const Render render = [this, account = attempt->account, id = *id, flow](const domain::OtpUsed& used,
                                                                           const domain::State& state) {
    if (!used.accepted) return empty_answer(204);
    if (flow == OtpFlow::test) return json_answer(200, boost::json::object{{"accepted", true}});
    return authenticators_.answer(200, account, id, state);
  };
  const auto used = std::make_shared<domain::OtpUsed>();
  auto response = co_await use(exchange, attempt, render, used);
  if (response.status() == 204) co_return exchange.problem(not_accepted(*used, reads_.now()));
  co_return response;
}

boost::asio::awaitable<Response> Verification::test(Exchange& exchange) {
  return of_operator(exchange, OtpFlow::test);
}
boost::asio::awaitable<Response> Verification::confirm(Exchange& exchange) {
  return of_operator(exchange, OtpFlow::confirm);
}
boost::asio::awaitable<Response> Verification::reset(Exchange& exchange) {
  return of_operator(exchange, OtpFlow::reset);
}

}  // namespace countersign::http
