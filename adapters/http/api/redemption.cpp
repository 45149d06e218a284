#include "adapters/http/api/redemption.h"

#include <chrono>

#include "adapters/commands/draw.h"
#include "adapters/http/api/fields.h"
#include "adapters/keys/key_thumbprint.h"
#include "adapters/keys/random.h"
#include "adapters/queries/rfc3339.h"
#include "adapters/queries/source_address.h"
#include "domain/slot.h"

namespace countersign::http {
namespace {

/// One attempt of one source at one slot's secrets.
class Attempt : public commands::Admission {
 public:
  Attempt(commands::AttemptLimits& limits, commands::AttemptLimits::Source source, std::uint16_t slot,
          domain::AccountId account, std::uint64_t open_codes)
      : limits_(limits), source_(source), slot_(slot), account_(account), open_codes_(open_codes) {}
  std::int64_t wait_ms() override { return limits_.wait_ms(source_, slot_, open_codes_, now()); }
  void failed() override { limits_.failed(source_, slot_, now()); }
  domain::AccountId account() const override { return account_; }

 private:
  static std::int64_t now() {
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady).count();
  }
  commands::AttemptLimits& limits_;
  const commands::AttemptLimits::Source source_;
  const std::uint16_t slot_;
  const domain::AccountId account_;
  const std::uint64_t open_codes_;
};

/// The thumbprint of the device's key, when it names one.
std::optional<domain::Digest> read_device(Fields& device, domain::Personal& out) {
  out.device_name = trimmed(device.text("name"));
  out.device_platform = trimmed(device.text("platform", {.most = 64}));
  out.device_model = nullable_text(device, "model", 200).value_or("");
  out.device_serial = nullable_text(device, "serial", 200).value_or("");
  const auto key = device.is_null("public_key") ? std::nullopt
                                                : device.optional_text("public_key", {.most = 4096, .newlines = true});
  device.ignore("public_key");
  if (!key) return std::nullopt;
  out.device_public_key = *key;
  const auto thumbprint = keys::key_thumbprint(*key);
  if (!thumbprint) device.invalid("public_key", "a public key in PEM is expected: P-256, P-384, P-521, Ed25519 or RSA");
  return thumbprint;
}

boost::json::object activated_json(const domain::Activated& result, const std::string& token) {
  boost::json::object body{{"user_id", result.user.text()},
                           {"device_id", domain::DeviceId{result.activation}.text()},
                           {"session_id", domain::SessionId{result.activation}.text()},
                           {"access_token", token},
                           {"token_type", "Bearer"},
                           {"token_id", domain::TokenId{result.activation}.text()}};
  if (result.token_expires_at != 0) body["expires_at"] = queries::rfc3339(result.token_expires_at);
  return body;
}

std::vector<commands::HandedOut> handed_out(const domain::Activated& result) {
  return {{domain::party(domain::TokenId{result.activation}), result.user}};
}

/// The drawn activation and its token's text. Without an account known yet the token takes the secret's own slot.
domain::DrawnActivation draw_activation(Reads& reads, std::uint16_t slot, domain::Personal device,
                                        const std::optional<domain::Digest>& thumbprint, std::string& token) {
  auto secret = commands::draw_secret(reads.lookup(), domain::BearerKind::access_token, slot);
  token = std::move(secret.text);
  return {keys::random_uuid(reads.now()), secret.digest, std::move(device), thumbprint.value_or(domain::Digest{})};
}

}  // namespace

std::shared_ptr<commands::Admission> Redemption::admission(const Exchange& exchange, std::uint16_t slot) {
  const auto state = reads_.state();
  const auto account_id = state.account_of_slot(slot);
  const auto account = account_id ? state.account(*account_id) : nullptr;
  return std::make_shared<Attempt>(limits_, queries::source_digest(reads_.lookup(), exchange.request().client), slot,
                                   account_id.value_or(reads_.partitions().system_account_of_slot(slot)),
                                   account ? account->open_codes : 0);
}

std::function<void(const domain::Refusal&)> Redemption::remember(const Exchange& exchange) {
  return [this, correlation = correlation_of(exchange)](const domain::Refusal& refusal) {
    if (refusal.reason == domain::Reason::none) return;
    refusals_.note(correlation, {refusal.account, domain::CodeId{refusal.registration_code}, refusal.reason});
  };
}

boost::asio::awaitable<Response> Redemption::redeem(Exchange& exchange) {
  Body body(exchange);
  const auto typed = body->text("code", {.least = 0, .most = 1024});
  domain::Personal device;
  std::optional<domain::Digest> thumbprint;
  const bool one_step =
      body->optional_object("device", [&](Fields& fields) { thumbprint = read_device(fields, device); });
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  std::string hint;
  const auto code = domain::parse_code(typed, &hint);
  if (!code) co_return exchange.problem(code_malformed(hint));
  const auto slot = *domain::parse_slot(code->substr(0, 2));
  const auto digest = commands::digest_of_code(reads_.lookup(), *code);
  const std::string scope = "redeem " + std::string(domain::view(digest));

  if (one_step) {
    std::string token;
    domain::RedeemCode command{digest, slot, draw_activation(reads_, slot, std::move(device), thumbprint, token)};
    WriteOptions<domain::RedeemCode> options{.hand_out = handed_out,
                                             .secret = true,
                                             .scope = scope,
                                             .slot = slot,
                                             .admission = admission(exchange, slot),
                                             .refused = remember(exchange)};
    auto rendered = [token](const domain::Activated& result, const domain::State&) {
      return json_answer(201, activated_json(result, token));
    };
    co_return co_await writes_.run<domain::RedeemCode>(exchange, std::move(command), std::move(rendered),
                                                       std::move(options));
  }
  const auto ticket = commands::draw_secret(reads_.lookup(), domain::BearerKind::activation_ticket, slot);
  WriteOptions<domain::ReserveCode> options{.secret = true,
                                            .scope = scope,
                                            .slot = slot,
                                            .admission = admission(exchange, slot),
                                            .refused = remember(exchange)};
  auto rendered = [ticket](const domain::Reserved& result, const domain::State&) {
    return json_answer(201, boost::json::object{{"activation_ticket", ticket.text},
                                                {"user_id", result.user.text()},
                                                {"expires_at", queries::rfc3339(result.ticket_expires_at)}});
  };
  domain::ReserveCode command{digest, slot, ticket.digest};
  co_return co_await writes_.run<domain::ReserveCode>(exchange, std::move(command), std::move(rendered),
                                                      std::move(options));
}

boost::asio::awaitable<Response> Redemption::activate(Exchange& exchange) {
  Body body(exchange);
  const auto ticket = body->text("activation_ticket", {.most = 256});
  domain::Personal device;
  std::optional<domain::Digest> thumbprint;
  body->object("device", [&](Fields& fields) { thumbprint = read_device(fields, device); });
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto slot = domain::bearer_slot(domain::BearerKind::activation_ticket, ticket);
  if (!slot)
    co_return exchange.problem(
        {.status = 400, .code = "ticket-malformed", .detail = "This is not an activation ticket."});
  const auto digest = commands::digest_of(reads_.lookup(), domain::BearerKind::activation_ticket, ticket);
  std::string token;
  domain::ActivateDevice command{digest, *slot, draw_activation(reads_, *slot, std::move(device), thumbprint, token)};
  WriteOptions<domain::ActivateDevice> options{.hand_out = handed_out,
                                               .secret = true,
                                               .scope = "activate " + std::string(domain::view(digest)),
                                               .slot = *slot,
                                               .admission = admission(exchange, *slot),
                                               .refused = remember(exchange)};
  auto rendered = [token](const domain::Activated& result, const domain::State&) {
    return json_answer(201, activated_json(result, token));
  };
  co_return co_await writes_.run<domain::ActivateDevice>(exchange, std::move(command), std::move(rendered),
                                                         std::move(options));
}

}  // namespace countersign::http
