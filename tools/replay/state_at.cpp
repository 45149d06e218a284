#include "tools/replay/state_at.h"

#include "adapters/queries/rfc3339.h"
#include "adapters/queries/seal_opener.h"
#include "domain/event_catalogue.h"
#include "tools/replay/folding.h"

namespace countersign::replay {

namespace json = boost::json;
using namespace domain;

namespace {

json::value time_or_null(UnixMs time) {
  return time == 0 ? json::value(nullptr) : json::value(queries::rfc3339(time));
}
json::value reason_or_null(Reason reason) {
  return reason == Reason::none ? json::value(nullptr) : json::value(reason_text(reason));
}

const char* text_of_status(CodeStatus status) {
  switch (status) {
    case CodeStatus::open: return "open";
    case CodeStatus::reserved: return "reserved";
    case CodeStatus::used: return "used";
    case CodeStatus::revoked: return "revoked";
    case CodeStatus::expired: return "expired";
  }
  return "";
}

class Portrait {
 public:
  Portrait(const AuditedLog& log, projections::Views& views, const Question& question)
      : views_(views), state_(views, {}), question_(question) {
    if (log.keys()) opener_.emplace(*log.keys());
  }

  json::value draw() {
    const auto account = state_.account(question_.account);
    if (!account) return nullptr;
    json::array users;
    const auto prefix = projections::table_prefix(projections::Table::users, account->id);
    const auto from = question_.user ? projections::user_key(account->id, *question_.user) : prefix;
    views_.scan(question_.user ? from : prefix, from, [&](std::string_view, std::string_view row) {
      users.push_back(user(projections::decode_user(row)));
      return true;
    });
    if (question_.user && users.empty()) return nullptr;
    return json::object{{"at", queries::rfc3339(question_.at)},
                        {"frame", bus::value(views_.position().last)},
                        {"account", of(*account)},
                        {"users", std::move(users)}};
  }

 private:
  json::object of(const Account& account) {
    json::object out{{"id", account_text(account.id)},
                     {"status", account.suspended ? "suspended" : "active"},
                     {"created_at", queries::rfc3339(account.created_at)},
                     {"last_sequence", account.last_sequence},
                     {"users", account.users},
                     {"mfa_users", account.mfa_users},
                     {"open_codes", account.open_codes}};
    const auto name = opener_ ? opener_->of_account(account.id, account.name) : std::nullopt;
    if (name) out["name"] = name->name;
    return out;
  }

  json::object user(const User& user) {
    json::object out{{"id", user.id.text()},
                     {"status", user.disabled ? "disabled" : "active"},
                     {"mfa_configured", user.mfa_configured},
                     {"version", user.version},
                     {"created_at", queries::rfc3339(user.created_at)},
                     {"updated_at", queries::rfc3339(user.updated_at)}};
    if (const auto profile = opener_ ? opener_->of_user(question_.account, user.id, user.profile) : std::nullopt) {
      out["first_name"] = profile->first_name;
      out["last_name"] = profile->last_name;
      out["email"] = profile->email;
      if (!profile->login_name.empty()) out["login_name"] = profile->login_name;
    }
    json::array codes, devices, tokens, sessions;
    for (const auto& code : user.codes) codes.push_back(of(user, code));
    for (const auto& id : user.ended_codes)
      if (const auto located = state_.locate_code(question_.account, id); located && located->ended_code)
        codes.push_back(of(user, *located->ended_code));
    const auto add = [&](const Activation& activation) {
      devices.push_back(device(user, activation));
      tokens.push_back(token(activation));
      sessions.push_back(session(activation));
    };
    for (const auto& activation : user.activations) add(activation);
    for (const auto& id : user.ended_activations)
      if (const auto located = state_.locate_activation(question_.account, id); located && located->ended_activation)
        add(*located->ended_activation);
    out["registration_codes"] = std::move(codes);
    out["devices"] = std::move(devices);
    out["tokens"] = std::move(tokens);
    out["sessions"] = std::move(sessions);
    return out;
  }

  json::object of(const User& user, const Code& code) {
    const auto status = effective_status(code, question_.at);
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

  json::object device(const User& user, const Activation& a) {
    json::object out{{"id", a.device_id().text()},
                     {"status", a.device_live() ? "active" : "revoked"},
                     {"reason", reason_or_null(a.device_reason)},
                     {"registration_code_id", a.code.text()},
                     {"activated_at", queries::rfc3339(a.activated_at)},
                     {"revoked_at", time_or_null(a.device_revoked_at)}};
    const auto text = opener_ ? opener_->of_user(question_.account, user.id, a.device) : std::nullopt;
    if (text) out["name"] = text->device_name;
    return out;
  }

  json::object token(const Activation& a) {
    return {{"id", a.token_id().text()},
            {"active", a.token_live(question_.at)},
            {"reason", reason_or_null(a.token_reason)},
            {"expires_at", time_or_null(a.token_expires_at)},
            {"ended_at", time_or_null(a.token_ended_at)}};
  }

  json::object session(const Activation& a) {
    return {{"id", a.session_id().text()},
            {"active", a.session_live(question_.at)},
            {"reason", reason_or_null(a.session_reason)},
            {"last_seen_at", time_or_null(a.session_seen_at)},
            {"ended_at", time_or_null(a.session_ended_at)}};
  }

  projections::Views& views_;
  projections::ViewState state_;
  const Question& question_;
  std::optional<queries::SealOpener> opener_;
};

}  // namespace

json::value state_at(const Source& source, const Question& question, const Progress& progress) {
  AuditedLog log(source);
  ScratchViews views;
  fold(
      log, *views, [&](const bus::Frame& frame) { return bus::value(frame.time) <= question.at; }, progress);
  return Portrait(log, *views, question).draw();
}

std::vector<std::string> erasures(const Source& source, const Progress& progress) {
  AuditedLog log(source);
  std::vector<std::string> found;
  std::uint64_t events = 0;
  while (const auto* step = log.next()) {
    const auto* frame = step->frame();
    if (!frame) continue;
    for (const auto bytes : frame->events) {
      const auto event = EventView::parse(bytes);
      ++events;
      if (!event)
        throw std::runtime_error("frame " + std::to_string(bus::value(frame->number)) + " holds an unreadable event");
      if (event->type() == EventType::user_erased)
        found.push_back(account_text(event->account()) + " " + UserId{event->subject().id}.text());
    }
    if (progress) progress(bus::value(frame->number), events);
  }
  return found;
}

}  // namespace countersign::replay
