#include "adapters/http/api/rendering.h"

#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "domain/secret_text.h"

namespace countersign::http {

namespace json = boost::json;
using domain::Activation;
using domain::Code;
using domain::CodeStatus;
using domain::User;

namespace {

void put_text(json::object& out, std::string_view name, const std::string& text) {
  auto& value = out[name];
  if (!text.empty()) value = text;
}

json::value reason_or_null(domain::Reason reason) {
  const auto text = domain::reason_text(reason);
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

json::value time_or_null(domain::UnixMs time) {
  return time == 0 ? json::value(nullptr) : json::value(queries::rfc3339(time));
}

json::object render(const domain::Account& account, const queries::SealOpener& opener) {
  const auto text = opener.of_account(account.id, account.name);
  json::object out{{"id", account_text(account.id)}};
  put_text(out, "name", text ? text->name : "");
  out["status"] = account.suspended ? "suspended" : "active";
  out["users"] = account.users;
  out["open_codes"] = account.open_codes;
  out["created_at"] = time_or_null(account.created_at);
  return out;
}

json::object render(const domain::ApiKey& key, domain::AccountId account, const queries::SealOpener& opener,
                    domain::UnixMs last_used) {
  const auto text = opener.of_account(account, key.name);
  json::object out{{"id", key.id.text()}};
  put_text(out, "name", text ? text->name : "");
  out["role"] = domain::role_text(key.role);
  out["status"] = key.revoked_at != 0 ? "revoked" : "active";
  out["created_at"] = time_or_null(key.created_at);
  out["expires_at"] = time_or_null(key.expires_at);
  out["revoked_at"] = time_or_null(key.revoked_at);
  out["last_used"] = time_or_null(last_used);
  return out;
}

json::object render(const User& user, const domain::Personal& profile, domain::UnixMs now, json::storage_ptr memory) {
  json::object out({{"id", user.id.text()}}, memory);
  put_text(out, "first_name", profile.first_name);
  put_text(out, "last_name", profile.last_name);
  put_text(out, "email", profile.email);
  put_text(out, "login_name", profile.login_name);
  json::object attributes(memory);
  for (const auto& attribute : profile.attributes) attributes[attribute->name] = attribute->value;
  out["attributes"] = std::move(attributes);
  out["status"] = user.disabled ? "disabled" : "active";
  out["mfa_configured"] = user.has_mfa(now);
  std::size_t open = 0, devices = 0;
  for (const auto& code : user.codes) {
    const auto status = effective_status(code, now);
    open += status == CodeStatus::open || status == CodeStatus::reserved;
  }
  for (const auto& activation : user.activations) devices += activation.device_live();
  out["open_codes"] = open;
  out["devices"] = devices;
  out["version"] = user.version;
  out["created_at"] = time_or_null(user.created_at);
  out["updated_at"] = time_or_null(user.updated_at);
  return out;
}

json::object render(const User& user, domain::AccountId account, const queries::SealOpener& opener, domain::UnixMs now,
                    json::storage_ptr memory) {
  static const domain::Personal nobody;
  const auto profile = opener.profile(account, user.id, user.profile);
  return render(user, profile ? *profile : nobody, now, std::move(memory));
}

std::string_view text_of(CodeStatus status) {
  constexpr std::string_view texts[] = {"open", "reserved", "used", "revoked", "expired"};
  return texts[static_cast<std::size_t>(status)];
}

bool is_blocked(const Code& code, const User& user, domain::UnixMs now) {
  const auto status = effective_status(code, now);
  return user.disabled && (status == CodeStatus::open || status == CodeStatus::reserved);
}

json::object render_code(const FoundCode& found, domain::AccountId account, const queries::SealOpener& opener,
                         domain::UnixMs now, bool in_clear) {
  const auto& code = *found.code;
  const auto& user = *found.user;
  const auto status = effective_status(code, now);
  json::object out{{"id", code.id.text()}, {"user_id", user.id.text()}, {"status", text_of(status)}};
  out["blocked"] = is_blocked(code, user, now);
  if (in_clear && status == CodeStatus::open)
    if (const auto text = opener.of_user(account, user.id, code.text)) out["code"] = domain::show_code(text->code);
  out["generated_at"] = time_or_null(code.generated_at);
  out["expires_at"] = time_or_null(code.expires_at);
  if (!code.activation.is_nil()) {
    out["device_id"] = domain::DeviceId{code.activation}.text();
    out["used_at"] = time_or_null(found.used_at);
  }
  if (status == CodeStatus::revoked) out["revoked_at"] = time_or_null(code.changed_at);
  out["reason"] = code.ended() ? reason_or_null(code.reason) : json::value(nullptr);
  if (code.operation) out["operation_id"] = code.operation.text();
  return out;
}

json::object render_device(const Activation& activation, const User& user, domain::AccountId account,
                           const queries::SealOpener& opener) {
  const auto text = opener.of_user(account, user.id, activation.device).value_or(domain::Personal{});
  json::object out{{"id", activation.device_id().text()},
                   {"user_id", user.id.text()},
                   {"status", activation.device_live() ? "active" : "revoked"}};
  put_text(out, "name", text.device_name);
  put_text(out, "platform", text.device_platform);
  put_text(out, "model", text.device_model);
  put_text(out, "serial", text.device_serial);
  put_text(out, "public_key", text.device_public_key);
  out["registration_code_id"] = activation.code.text();
  out["version"] = activation.device_version;
  out["activated_at"] = time_or_null(activation.activated_at);
  out["revoked_at"] = time_or_null(activation.device_revoked_at);
  out["reason"] = reason_or_null(activation.device_reason);
  return out;
}

std::string_view token_status(const Activation& activation, domain::UnixMs now) {
  if (activation.token_live(now)) return "active";
  return activation.token_ended_at == 0 || activation.token_reason == domain::Reason::expired ? "expired" : "revoked";
}

json::object render_token(const Activation& activation, const User& user, domain::UnixMs now) {
  return {{"id", activation.token_id().text()},
          {"user_id", user.id.text()},
          {"device_id", activation.device_id().text()},
          {"session_id", activation.session_id().text()},
          {"status", token_status(activation, now)},
          {"issued_at", time_or_null(activation.activated_at)},
          {"expires_at", time_or_null(activation.token_expires_at)},
          {"revoked_at", time_or_null(activation.token_ended_at)},
          {"reason", reason_or_null(activation.token_reason)}};
}

json::object render_session(const Activation& activation, const User& user, domain::AccountId account,
                            const queries::SealOpener& opener, const commands::SessionActivity& activity,
                            domain::UnixMs now) {
  const auto text = opener.of_user(account, user.id, activation.session).value_or(domain::Personal{});
  json::object out{{"id", activation.session_id().text()},
                   {"user_id", user.id.text()},
                   {"device_id", activation.device_id().text()},
                   {"active", activation.session_live(now)},
                   {"created_at", time_or_null(activation.activated_at)},
                   {"last_seen", time_or_null(activity.last_seen(activation.session_id(), activation.session_seen_at))},
                   {"expires_at", time_or_null(activation.session_expires_at)},
                   {"ended_at", time_or_null(activation.session_ended_at)},
                   {"reason", reason_or_null(activation.session_reason)}};
  put_text(out, "ip", text.ip);
  put_text(out, "user_agent", text.user_agent);
  out["location"] = nullptr;
  return out;
}

}  // namespace countersign::http
