#include "adapters/http/api/challenge_fields.h"

#include <algorithm>

#include "adapters/directory/address.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/otp/ocra.h"
#include "adapters/outbox/address_of.h"
#include "domain/event_catalogue.h"

namespace countersign::http {

namespace json = boost::json;
using domain::AuthenticatorType;
using domain::Channel;

namespace {

constexpr std::string_view usual_suite = "OCRA-1:HOTP-SHA1-6:QN08";

json::value masked_or_null(const std::string& masked, const std::string& address) {
  return address.empty() ? json::value(nullptr) : json::value(masked);
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

void read_addresses(Fields& fields, AuthenticatorType type, const MessageWays& ways, domain::Personal& texts) {
  const auto phone = nullable_text(fields, "phone", 64), email = nullable_text(fields, "email", 320);
  if (phone && !phone->empty() && !domain::carries(type, Channel::sms))
    fields.invalid("phone", "only of types sms and virtual");
  if (email && !email->empty() && !domain::carries(type, Channel::email))
    fields.invalid("email", "only of types email and virtual");
  if (phone) {
    const auto number = messages::normalise_number(*phone, ways.numbers);
    if (!phone->empty() && !number.error.empty()) fields.invalid("phone", number.error);
    texts.phone = phone->empty() ? "" : number.text;
  }
  if (email) {
    const auto address = directory::normalise_address(*email);
    if (!email->empty() && !address.ok) fields.invalid("email", std::string(directory::text_of(address.error)));
    texts.email = email->empty() ? "" : address.text;
  }
}

void read_suite(Fields& fields, domain::AuthenticatorSettings& settings) {
  const auto given = fields.optional_text("suite", {.most = 100});
  if (settings.type != AuthenticatorType::ocra) {
    if (given) fields.invalid("suite", "only of type ocra");
    return;
  }
  const auto parsed = otp::parse_ocra_suite(given ? std::string_view(*given) : usual_suite);
  if (const auto* wrong = std::get_if<std::string>(&parsed)) return fields.invalid("suite", *wrong);
  const auto& suite = std::get<otp::OcraSuite>(parsed);
  if (suite.pin || suite.session_bytes > 0) return fields.invalid("suite", "one without PIN and session is expected");
  if (fields.has("digits") || fields.has("algorithm"))
    return fields.invalid("suite", "it says digits and algorithm already");
  settings.suite = suite.text;
  settings.algorithm = suite.shape.algorithm;
  settings.digits = static_cast<std::uint8_t>(suite.shape.digits);
}

void default_addresses(const domain::Personal& user, AuthenticatorType type, const MessageWays& ways,
                       domain::Personal& texts) {
  if (texts.email.empty() && domain::carries(type, Channel::email)) texts.email = user.email;
  if (!texts.phone.empty() || !domain::carries(type, Channel::sms)) return;
  const auto found = std::ranges::find_if(user.attributes, [](const auto& each) { return each->name == "phone"; });
  if (found == user.attributes.end()) return;
  if (auto number = messages::normalise_number((*found)->value, ways.numbers); number.error.empty())
    texts.phone = std::move(number.text);
}

void carry_addresses(const domain::Personal& former, AuthenticatorType type, domain::Personal& texts) {
  if (texts.email.empty() && domain::carries(type, Channel::email)) texts.email = former.email;
  if (texts.phone.empty() && domain::carries(type, Channel::sms)) texts.phone = former.phone;
}

std::optional<Problem> unreachable(AuthenticatorType type, const MessageWays& ways, const domain::Personal& texts) {
  if (!domain::is_by_message(type)) return std::nullopt;
  Channel known = Channel::none;
  for (const auto channel : {Channel::sms, Channel::email}) {
    if (!domain::carries(type, channel) || outbox::address_of(texts, channel).empty()) continue;
    if (ways.outbox.sends(channel)) return std::nullopt;
    known = channel;
  }
  if (known != Channel::none) return delivery_not_configured(known);
  Problem problem{.status = 422, .code = "invalid-fields", .detail = "Some fields can't be taken."};
  const char* pointer = type == AuthenticatorType::email ? "/email" : "/phone";
  problem.errors.push_back({pointer, "it is missing, and the user has none that could be taken"});
  return problem;
}

Problem delivery_not_configured(Channel channel) {
  const auto* what = channel == Channel::sms ? "SMS (sms.gateway)" : "e-mail (mail.host)";
  return problem_of(
      {domain::RefusalCode::delivery_not_configured, std::string("This server has no way to send ") + what + "."});
}

void put_challenge(json::object& out, const domain::Authenticator& a, const domain::Personal& texts,
                   domain::UnixMs now) {
  out["phone"] = masked_or_null(messages::masked_number(texts.phone), texts.phone);
  out["email"] = masked_or_null(outbox::masked_address(texts.email), texts.email);
  out["suite"] = text_or_null(a.suite);
  if (!a.challenge.id) {
    out["challenge"] = nullptr;
    return;
  }
  const auto& c = a.challenge;
  out["challenge"] = json::object{{"id", c.id.text()},
                                  {"open", c.is_open(now)},
                                  {"issued_at", time_or_null(c.issued_at)},
                                  {"expires_at", time_or_null(c.expires_at)},
                                  {"channel", text_or_null(domain::channel_text(c.channel))},
                                  {"delivery", text_or_null(domain::delivery_text(c.delivery))},
                                  {"delivery_reason", text_or_null(domain::reason_text(c.reason))},
                                  {"attempts", c.attempts}};
}

}  // namespace countersign::http
