#include "tools/replay/portrait.h"

#include "adapters/queries/policy_rendering.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "domain/siem_configuration.h"

namespace countersign::replay {

namespace json = boost::json;
using namespace domain;

std::string_view text_of_status(CodeStatus status) {
  switch (status) {
    case CodeStatus::open: return "open";
    case CodeStatus::reserved: return "reserved";
    case CodeStatus::used: return "used";
    case CodeStatus::revoked: return "revoked";
    case CodeStatus::expired: return "expired";
  }
  return "";
}

namespace {

json::value time_or_null(UnixMs time) {
  return time == 0 ? json::value(nullptr) : json::value(queries::rfc3339(time));
}
json::value reason_or_null(Reason reason) {
  return reason == Reason::none ? json::value(nullptr) : json::value(reason_text(reason));
}

class Painter {
 public:
  Painter(const FoldedAccount& folded, const Sitter& sitter, keys::SealKeys* keys)
      : state_(folded.state), now_(folded.now), sitter_(sitter) {
    if (keys) opener_.emplace(*keys);
  }

  json::object account() const {
    const auto& account = state_.the_account();
    json::object out{{"id", account_text(account.id)},
                     {"status", account.suspended ? "suspended" : "active"},
                     {"created_at", queries::rfc3339(account.created_at)},
                     {"last_sequence", account.last_sequence},
                     {"users", account.users},
                     {"mfa_users", account.mfa_users},
                     {"open_codes", account.open_codes},
                     {"provisioning", queries::render_policy(account.provisioning)}};
    const auto name = opener_ ? opener_->of_account(account.id, account.name) : std::nullopt;
    if (name) out["name"] = name->name;
    return out;
  }

  json::object api_key(const ApiKey& key) const {
    json::object out{{"id", key.id.text()},
                     {"role", role_text(key.role)},
                     {"status", key.live(now_)        ? "active"
                                : key.revoked_at != 0 ? "revoked"
                                                      : "expired"},
                     {"created_at", queries::rfc3339(key.created_at)},
                     {"expires_at", time_or_null(key.expires_at)},
                     {"revoked_at", time_or_null(key.revoked_at)}};
    const auto name = opener_ ? opener_->of_account(state_.id(), key.name) : std::nullopt;
    if (name) out["name"] = name->name;
    return out;
  }

  /// Without what may be a secret of the receiver's in a webhook's path.
  json::object siem_destination(const SiemDestination& destination) const {
    json::object out{{"id", destination.id.text()},
                     {"status", destination.paused ? "paused" : "active"},
                     {"protocol", fb::EnumNameSiemProtocol(destination.traits.protocol)},
                     {"format", fb::EnumNameSiemFormat(destination.traits.format)},
                     {"tls", destination.traits.tls},
                     {"checkpoints", destination.traits.checkpoints},
                     {"version", destination.version},
                     {"created_at", queries::rfc3339(destination.created_at)},
                     {"updated_at", queries::rfc3339(destination.updated_at)},
                     {"after_sequence", destination.start},
                     {"reported_sequence", destination.reported}};
    const auto text = opener_ ? opener_->of_account(state_.id(), destination.configuration) : std::nullopt;
    if (!text) return out;
    const auto configuration = siem_configuration_of(*text);
    out["name"] = configuration.name;
    out["receiver"] = configuration.receiver();
    out["filter"] = configuration.filter;
    return out;
  }

  static json::object licence(const Licence& licence) {
    return {{"id", licence.id.text()},
            {"serial_number", licence.serial_number},
            {"type", licence_type_text(licence.type)},
            {"authenticator_type", type_text(licence.authenticator_type)},
            {"activations", licence.activations},
            {"max_reactivations",
             licence.max_reactivations ? json::value(*licence.max_reactivations) : json::value(nullptr)},
            {"used", licence.used},
            {"free", licence.free()},
            {"lost", licence.lost()},
            {"version", licence.version},
            {"created_at", queries::rfc3339(licence.created_at)},
            {"updated_at", queries::rfc3339(licence.updated_at)}};
  }

  static json::object hardware_token(const HardwareToken& token) {
    const auto& settings = token.settings;
    return {{"id", token.id.text()},
            {"serial_number", settings.serial_number},
            {"manufacturer", settings.manufacturer},
            {"algorithm", fb::EnumNameOtpAlgorithm(settings.algorithm)},
            {"digits", settings.digits},
            {"period", settings.period == 0 ? json::value(nullptr) : json::value(settings.period)},
            {"status", status_text(token.status)},
            {"reason", reason_text(token.reason)},
            {"user_id", token.user ? json::value(token.user.text()) : json::value(nullptr)},
            {"next", token.next},
            {"drift", token.drift},
            {"imported_at", queries::rfc3339(token.imported_at)},
            {"updated_at", queries::rfc3339(token.updated_at)}};
  }

  json::object user(const User& user) const {
    json::object out{{"id", user.id.text()},
                     {"status", user.disabled ? "disabled" : "active"},
                     {"mfa_configured", user.has_mfa()},
                     {"version", user.version},
                     {"created_at", queries::rfc3339(user.created_at)},
                     {"updated_at", queries::rfc3339(user.updated_at)}};
    if (const auto profile = opener_ ? opener_->of_user(state_.id(), user.id, user.profile) : std::nullopt) {
      out["first_name"] = profile->first_name;
      out["last_name"] = profile->last_name;
      out["email"] = profile->email;
      if (!profile->login_name.empty()) out["login_name"] = profile->login_name;
    }
    json::array codes, devices, tokens, sessions;
    const auto* wanted = sitter_.device ? state_.activation(sitter_.device->uuid) : nullptr;
    const auto add_code = [&](const Code* code) {
      if (code && (!sitter_.device || (wanted && wanted->code == code->id))) codes.push_back(of(user, *code));
    };
    const auto add_activation = [&](const Activation* activation) {
      if (!activation || (sitter_.device && activation->id != sitter_.device->uuid)) return;
      devices.push_back(device(user, *activation));
      tokens.push_back(token(*activation));
      sessions.push_back(session(*activation));
    };
    for (const auto& code : user.codes) add_code(&code);
    for (const auto& id : user.ended_codes) add_code(state_.code(id));
    for (const auto& activation : user.activations) add_activation(&activation);
    for (const auto& id : user.ended_activations) add_activation(state_.activation(id));
    out["registration_codes"] = std::move(codes);
    out["devices"] = std::move(devices);
    out["tokens"] = std::move(tokens);
    out["sessions"] = std::move(sessions);
    json::array authenticators;
    if (!sitter_.device)
      for (const auto& each : user.authenticators) authenticators.push_back(authenticator(user, each));
    out["authenticators"] = std::move(authenticators);
    out["otp_failures"] = user.lockout.failures;
    out["otp_blocked_until"] = time_or_null(user.lockout.blocked_until);
    return out;
  }

 private:
  json::object authenticator(const User& user, const Authenticator& a) const {
    json::object out{{"id", a.id.text()},
                     {"type", type_text(a.type)},
                     {"status", status_text(effective_status(a, now_))},
                     {"reason", reason_or_null(a.reason)},
                     {"version", a.version},
                     {"next_counter", a.next},
                     {"drift", a.drift},
                     {"codes_left", a.codes == 0 ? json::value(nullptr) : json::value(a.codes_left())},
                     {"mfa_exempt", a.mfa_exempt},
                     {"challenge", challenge(a.challenge)},
                     {"enrolled_at", queries::rfc3339(a.enrolled_at)},
                     {"last_used", time_or_null(a.used_at)},
                     {"expires_at", time_or_null(a.expires_at)}};
    const auto text = opener_ ? opener_->of_user(state_.id(), user.id, a.profile) : std::nullopt;
    if (text) out["name"] = text->name;
    return out;
  }

  json::value challenge(const Challenge& c) const {
    if (!c.id) return nullptr;
    return json::object{{"id", c.id.text()},
                        {"counter", c.counter},
                        {"open", c.is_open(now_)},
                        {"issued_at", queries::rfc3339(c.issued_at)},
                        {"expires_at", queries::rfc3339(c.expires_at)},
                        {"channel", channel_text(c.channel)},
                        {"delivery", delivery_text(c.delivery)},
                        {"attempts", c.attempts},
                        {"reason", reason_or_null(c.reason)}};
  }

  json::object of(const User& user, const Code& code) const {
    const auto status = effective_status(code, now_);
    const bool live = status == CodeStatus::open || status == CodeStatus::reserved;
    return {
        {"id", code.id.text()},
        {"status", text_of_status(status)},
        {"blocked", user.disabled && live},
        {"reason", reason_or_null(code.reason)},
        {"generated_at", queries::rfc3339(code.generated_at)},
        {"expires_at", queries::rfc3339(code.expires_at)},
        {"device_id", code.activation.is_nil() ? json::value(nullptr) : json::value(DeviceId{code.activation}.text())}};
  }

  json::object device(const User& user, const Activation& a) const {
    json::object out{{"id", a.device_id().text()},
                     {"status", a.device_live() ? "active" : "revoked"},
                     {"reason", reason_or_null(a.device_reason)},
                     {"registration_code_id", a.code.text()},
                     {"activated_at", queries::rfc3339(a.activated_at)},
                     {"revoked_at", time_or_null(a.device_revoked_at)}};
    const auto text = opener_ ? opener_->of_user(state_.id(), user.id, a.device) : std::nullopt;
    if (text) out["name"] = text->device_name;
    return out;
  }

  json::object token(const Activation& a) const {
    return {{"id", a.token_id().text()},
            {"active", a.token_live(now_)},
            {"reason", reason_or_null(a.token_reason)},
            {"expires_at", time_or_null(a.token_expires_at)},
            {"ended_at", time_or_null(a.token_ended_at)}};
  }

  json::object session(const Activation& a) const {
    return {{"id", a.session_id().text()},
            {"active", a.session_live(now_)},
            {"reason", reason_or_null(a.session_reason)},
            {"last_seen_at", time_or_null(a.session_seen_at)},
            {"ended_at", time_or_null(a.session_ended_at)}};
  }

  const AccountFold& state_;
  const UnixMs now_;
  const Sitter& sitter_;
  std::optional<queries::SealOpener> opener_;
};

}  // namespace

std::optional<json::object> portrait(const FoldedAccount& folded, const bus::LogIdentity& log, const Sitter& sitter,
                                     keys::SealKeys* keys) {
  const auto& state = folded.state;
  if (!state.exists()) return std::nullopt;
  auto user = sitter.user;
  if (sitter.device) {
    const auto owner = state.owner_of_activation(sitter.device->uuid);
    if (!owner || (user && *user != *owner)) return std::nullopt;
    user = owner;
  }
  if (user && !state.user(state.id(), *user)) return std::nullopt;
  const Painter painter(folded, sitter, keys);
  json::object out{{"at", queries::rfc3339(folded.now)},
                   {"frame", bus::value(folded.reached.frame)},
                   {"position", queries::text_of(queries::Position{log, folded.reached.frame})},
                   {"sequence", state.events()},
                   {"account", painter.account()}};
  json::array users;
  if (user) {
    users.push_back(painter.user(*state.user(state.id(), *user)));
  } else {
    json::array keys_of_account;
    state.each_api_key([&](const ApiKey& key) { keys_of_account.push_back(painter.api_key(key)); });
    out["api_keys"] = std::move(keys_of_account);
    json::array destinations;
    state.each_siem_destination(
        [&](const SiemDestination& each) { destinations.push_back(painter.siem_destination(each)); });
    out["siem_destinations"] = std::move(destinations);
    json::array licences;
    state.each_licence([&](const Licence& each) { licences.push_back(Painter::licence(each)); });
    out["licences"] = std::move(licences);
    json::array tokens;
    state.each_hardware_token([&](const HardwareToken& each) { tokens.push_back(Painter::hardware_token(each)); });
    out["hardware_tokens"] = std::move(tokens);
    state.each_user([&](const User& each) { users.push_back(painter.user(each)); });
  }
  out["users"] = std::move(users);
  return out;
}

}  // namespace countersign::replay
