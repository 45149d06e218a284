#include "adapters/http/api/challenges.h"

#include <algorithm>
#include <chrono>

#include "adapters/http/api/counted_refusals.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/user_name.h"
#include "adapters/keys/random.h"
#include "adapters/otp/ocra.h"
#include "adapters/otp/qr_code.h"
#include "adapters/outbox/address_of.h"
#include "adapters/queries/rfc3339.h"
#include "adapters/queries/source_address.h"

namespace countersign::http {

namespace json = boost::json;
using domain::Authenticator;
using domain::AuthenticatorId;
using domain::Channel;
using domain::Reason;
using domain::RefusalCode;

namespace {

constexpr domain::UnixMs life_ms = 5 * 60'000;
constexpr std::string_view channels[] = {"sms", "email"};

std::int64_t steady_now() {
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady).count();
}

Problem too_many(domain::UnixMs wait_ms, std::string detail) {
  return {.status = 429,
          .code = "too-many-challenges",
          .detail = std::move(detail),
          .retry_after_s = static_cast<unsigned>((std::max<domain::UnixMs>(0, wait_ms) + 999) / 1000)};
}

Problem bad_field(std::string pointer, std::string detail) {
  Problem problem{.status = 422, .code = "invalid-fields", .detail = "Some fields can't be taken."};
  problem.errors.push_back({std::move(pointer), std::move(detail)});
  return problem;
}

domain::Refusal refusal_of(RefusalCode code, std::string detail, Reason reason, domain::UnixMs retry_at = 0) {
  domain::Refusal refusal{code, std::move(detail), reason};
  refusal.retry_at = retry_at;
  return refusal;
}

/// As long as the suite has it.
std::string drawn_question(const otp::OcraSuite& suite) {
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  using Question = otp::OcraSuite::Question;
  const std::size_t kinds = suite.question == Question::numeric       ? 10
                            : suite.question == Question::hexadecimal ? 16
                                                                      : letters.size();
  std::string question;
  while (question.size() < suite.question_length)
    for (const auto byte : keys::random_bytes<64>())
      if (byte < 256 / kinds * kinds && question.size() < suite.question_length) question += letters[byte % kinds];
  return question;
}

}  // namespace

struct Challenges::Wanted {
  domain::UserId user;
  std::optional<std::string> authenticator, question;
  Channel channel = Channel::none;
};

struct Challenges::Chosen {
  std::shared_ptr<const domain::User> user;
  const Authenticator* authenticator = nullptr;
  std::optional<domain::Refusal> refusal;
};

/// The user's first one that fits, unless one is named.
Challenges::Chosen Challenges::choose(const Caller& caller, const Wanted& wanted) const {
  Chosen chosen{reads_.state().user(caller.account, wanted.user)};
  if (!chosen.user) {
    chosen.refusal = refusal_of(RefusalCode::not_found, "There is no such user.", Reason::user_unknown);
    return chosen;
  }
  // What else is wrong is nobody's business then, a gateway's least of all.
  if (chosen.user->disabled)
    chosen.refusal = refusal_of(RefusalCode::user_disabled, "The user is disabled.", Reason::user_disabled);
  else if (chosen.user->lockout.blocked(reads_.now()))
    chosen.refusal = refusal_of(RefusalCode::too_many_attempts, "Too many failed attempts: the user is blocked.",
                                Reason::blocked_after_failures, chosen.user->lockout.blocked_until);
  if (chosen.refusal) return chosen;
  const auto fits = [&](const Authenticator& each) {
    if (wanted.authenticator) return each.id.text() == *wanted.authenticator;
    const auto status = effective_status(each, reads_.now());
    if (caller.role == domain::Role::gateway && status != domain::AuthenticatorStatus::active) return false;
    return domain::may(domain::AuthenticatorAction::challenge, each.type, status) &&
           (wanted.channel == Channel::none || domain::carries(each.type, wanted.channel)) &&
           (!wanted.question || domain::carries(each.type, Channel::none));
  };
  const auto found = std::ranges::find_if(chosen.user->authenticators, fits);
  if (found != chosen.user->authenticators.end())
    chosen.authenticator = &*found;
  else
    chosen.refusal = refusal_of(RefusalCode::not_found, "The user has no such authenticator that can be asked.",
                                Reason::no_authenticator);
  return chosen;
}

/// Which way it is asked, or what it is asked.
std::optional<Problem> Challenges::prepare(const Caller& caller, const Wanted& wanted, const Chosen& chosen,
                                           domain::IssueChallenge& command) const {
  const auto& a = *chosen.authenticator;
  if (!domain::answers_challenges(a.type)) return std::nullopt;  // decide() says what it allows
  if (!domain::is_by_message(a.type)) {
    if (wanted.channel != Channel::none) return bad_field("/channel", "only of types that send messages");
    const auto suite = std::get<otp::OcraSuite>(otp::parse_ocra_suite(a.suite));
    command.texts.detail = wanted.question ? *wanted.question : drawn_question(suite);
    const auto response = otp::ocra_response("seed", suite, {.question = command.texts.detail});
    if (const auto* flaw = std::get_if<otp::OcraFlaw>(&response))
      return bad_field("/question", std::string(otp::text_of(*flaw)));
    return std::nullopt;
  }
  if (wanted.question) return bad_field("/question", "only of type ocra");
  const auto texts = reads_.opener().of_user(caller.account, command.user, a.profile).value_or(domain::Personal{});
  for (const auto channel : {Channel::sms, Channel::email}) {
    const bool asked = wanted.channel == Channel::none || wanted.channel == channel;
    if (!asked || !domain::carries(a.type, channel) || outbox::address_of(texts, channel).empty()) continue;
    if (command.channel == Channel::none || !ways_.outbox.sends(command.channel)) command.channel = channel;
  }
  if (command.channel == Channel::none) return bad_field("/channel", "the authenticator has no address for it");
  if (!ways_.outbox.sends(command.channel)) return delivery_not_configured(command.channel);
  return std::nullopt;
}

std::optional<Problem> Challenges::over_the_limit(const Exchange& exchange) {
  const auto source = queries::source_digest(reads_.lookup(), exchange.request().client);
  const auto now = steady_now();
  const auto wait_ms = sources_.wait_ms(source, 0, 0, now);
  if (wait_ms > 0) return too_many(wait_ms, "Too many challenges from this address: please wait.");
  sources_.failed(source, 0, now);  // each one counts, whatever becomes of it
  return std::nullopt;
}

void Challenges::count(Exchange& exchange, Reason reason, domain::UserId user) {
  count_refusal(exchange, reads_, writes_, refusals_, domain::EventType::challenge_refused, reason, user);
}

Problem Challenges::refused(Exchange& exchange, const domain::Refusal& refusal, domain::UserId user) {
  if (refusal.reason == Reason::none) return problem_of(refusal);
  count(exchange, refusal.reason, user);
  const auto wait_ms = refusal.retry_at - reads_.now();
  if (refusal.reason == Reason::too_many_challenges) return too_many(wait_ms, refusal.detail);
  if (exchange.caller<Caller>()->role == domain::Role::gateway)
    return {.status = 422, .code = "challenge-not-issued", .detail = "No challenge was issued."};
  return refusal.retry_at > 0 ? too_many_attempts(std::max<domain::UnixMs>(0, wait_ms)) : problem_of(refusal);
}

boost::asio::awaitable<Response> Challenges::issue(Exchange& exchange) {
  const auto& caller = *exchange.caller<Caller>();
  Body body(exchange);
  const auto whom = UserName::read(body);
  Wanted wanted;
  wanted.authenticator = body->optional_text("authenticator_id");
  wanted.question = body->optional_text("question", {.most = 128});
  const auto channel = body->optional_choice("channel", channels);
  if (channel) wanted.channel = *channel == 0 ? Channel::sms : Channel::email;
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  if (auto problem = over_the_limit(exchange)) co_return exchange.problem(*problem);
  wanted.user = whom.find(reads_, caller.account);
  const auto chosen = choose(caller, wanted);
  if (chosen.refusal) co_return exchange.problem(refused(exchange, *chosen.refusal, wanted.user));

  const auto now = reads_.now();
  domain::IssueChallenge command{wanted.user, chosen.authenticator->id, keys::random_id<domain::ChallengeId>(now)};
  command.life_ms = life_ms;
  command.limits = limits_;
  if (auto problem = prepare(caller, wanted, chosen, command)) co_return exchange.problem(*problem);

  const auto issued = std::make_shared<std::optional<domain::ChallengeIssued>>();
  auto rendered = [issued, question = command.texts.detail](const domain::ChallengeIssued& result,
                                                            const domain::State&) {
    *issued = result;
    json::object object{{"challenge_id", result.id.text()},
                        {"authenticator_id", result.authenticator.text()},
                        {"type", domain::type_text(result.type)},
                        {"expires_at", queries::rfc3339(result.expires_at)}};
    if (result.channel != Channel::none) object["channel"] = domain::channel_text(result.channel);
    if (!question.empty()) {
      object["question"] = question;
      object["qr"] = otp::QrCode::of(question).value().svg(0).value();
    }
    return json_answer(201, object);
  };
  const auto refusal = std::make_shared<std::optional<domain::Refusal>>();
  WriteOptions<domain::IssueChallenge> options;
  options.refused = [refusal](const domain::Refusal& why) { *refusal = why; };
  auto response = co_await writes_.run<domain::IssueChallenge>(exchange, std::move(command), std::move(rendered),
                                                               std::move(options));
  if (*refusal) co_return exchange.problem(refused(exchange, **refusal, wanted.user));
  if (*issued && response.status() == 201)
    ways_.outbox.queue({caller.account, (*issued)->authenticator, (*issued)->id}, wanted.user, (*issued)->channel);
  response.no_store();
  co_return response;
}

}  // namespace countersign::http
