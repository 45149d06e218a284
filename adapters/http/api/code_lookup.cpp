// POST /v1/registration-codes/lookup: why doesn't this code work? By the code, or by the reference of a refusal.

#include "adapters/commands/draw.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/found_code.h"
#include "adapters/http/api/registration_codes.h"
#include "adapters/http/api/rendering.h"
#include "adapters/queries/correlation.h"
#include "adapters/queries/stored_event.h"
#include "domain/event_catalogue.h"

namespace countersign::http {

namespace json = boost::json;
using domain::CodeStatus;
using domain::Reason;

namespace {

constexpr std::size_t most_events_looked_at = 200'000;

/// Why it would be refused now; none: it works.
Reason why_not(const FoundCode& found, domain::UnixMs now) {
  switch (effective_status(*found.code, now)) {
    case CodeStatus::used: return Reason::code_used;
    case CodeStatus::expired: return Reason::code_expired;
    case CodeStatus::revoked: return found.code->reason;
    default: break;
  }
  if (found.user->disabled) return Reason::user_disabled;
  if (found.user->has_mfa()) return Reason::mfa_configured;
  return effective_status(*found.code, now) == CodeStatus::reserved ? Reason::code_reserved : Reason::none;
}

json::value text_or_null(Reason reason) {
  return reason == Reason::none ? json::value(nullptr) : json::value(domain::reason_text(reason));
}

Response explained(const FoundCode& found, Reason reason, domain::UnixMs now) {
  const auto& code = *found.code;
  return Response::json(200, json::serialize(json::object{{"id", code.id.text()},
                                                          {"user_id", found.user->id.text()},
                                                          {"status", text_of(effective_status(code, now))},
                                                          {"blocked", is_blocked(code, *found.user, now)},
                                                          {"reason", text_or_null(reason)},
                                                          {"expires_at", time_or_null(code.expires_at)}}));
}

/// An attempt with what is nobody's code.
Response explained(Reason reason) {
  return Response::json(200, json::serialize(json::object{{"id", nullptr},
                                                          {"user_id", nullptr},
                                                          {"status", nullptr},
                                                          {"reason", text_or_null(reason)},
                                                          {"expires_at", nullptr}}));
}

}  // namespace

/// The attempt's event, among the account's newest.
RecentRefusals::Refused RegistrationCodes::find_attempt(domain::AccountId account,
                                                        const domain::Uuid& correlation) const {
  RecentRefusals::Refused found;
  std::size_t looked_at = 0;
  reads_.views().events_back(account, ~0ull, [&](std::string_view bytes, bus::FrameNumber frame) {
    const auto event = queries::stored_event(bytes, frame);
    const bool named = event.target().kind == domain::PartyKind::registration_code;
    if (domain::EventView::to_uuid(event.clear().correlation()) == correlation &&
        (named || event.reason() != Reason::none)) {
      if (named) found.code = domain::CodeId{event.target().id};
      found.reason = event.reason();
      return false;
    }
    return ++looked_at < most_events_looked_at;
  });
  return found;
}

boost::asio::awaitable<Response> RegistrationCodes::lookup(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body request(exchange);
  const auto typed = request->optional_text("code", {.most = 64});
  const auto reference = request->optional_text("reference", {.most = 64});
  if (!typed == !reference) request->invalid("code", "either code or reference is required");
  if (auto problem = request.finish()) co_return exchange.problem(*problem);
  RecentRefusals::Refused attempt;
  if (typed) {
    std::string hint;
    const auto code = domain::parse_code(*typed, &hint);
    if (!code) co_return exchange.problem(code_malformed(hint));
    const auto entry = reads_.state().find(commands::digest_of_code(reads_.lookup(), *code));
    if (entry && entry->account == account && entry->kind == domain::PartyKind::registration_code)
      attempt.code = domain::CodeId{entry->id};
  } else if (const auto correlation = queries::correlation_uuid(*reference);
             const auto recent = refusals_.find(account, correlation)) {
    attempt = *recent;
  } else {
    co_await reads_.landed(account);
    auto search = [this, account, correlation] { return find_attempt(account, correlation); };
    attempt = co_await reads_.on_pool(std::move(search));
  }
  const auto found = attempt.code ? find_code(reads_, account, attempt.code) : std::nullopt;
  const auto now = reads_.now();
  if (found) co_return explained(*found, attempt.reason != Reason::none ? attempt.reason : why_not(*found, now), now);
  if (!attempt.code && attempt.reason != Reason::none) co_return explained(attempt.reason);
  co_return exchange.problem(no_such("registration code"));
}

}  // namespace countersign::http
