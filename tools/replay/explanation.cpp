#include "tools/replay/explanation.h"

#include <algorithm>
#include <vector>

#include "domain/event_catalogue.h"
#include "tools/replay/concern.h"
#include "tools/replay/event_line.h"
#include "tools/replay/names.h"
#include "tools/replay/portrait.h"

namespace countersign::replay {

namespace json = boost::json;
using namespace domain;

namespace {

/// What is kept of an event while its causes are looked for.
struct Trace {
  EventType type{};
  Party target;
  Reason reason{};
  queries::RenderedEvent rendered;
};

/// The events of one person, in which every cause of something of his stands.
class Evidence {
 public:
  explicit Evidence(const AccountFold& state) : state_(state) {}
  void add(const EventView& event, queries::RenderedEvent rendered) {
    traces_.push_back({event.type(), event.target(), event.reason(), std::move(rendered)});
  }

  const Trace* last(EventType type, const Party& target) const {
    const Trace* found = nullptr;
    for (const auto& trace : traces_)
      if (trace.type == type && trace.target == target) found = &trace;
    return found;
  }
  /// That of this kind which is nearest to `effect`: a cause stands in the same command as what it brings about.
  const Trace* nearest(EventType type, const Party& target, const Trace& effect) const {
    const Trace* found = nullptr;
    const auto distance = [&](const Trace& trace) {
      const auto a = trace.rendered.sequence, b = effect.rendered.sequence;
      return a < b ? b - a : a - b;
    };
    for (const auto& trace : traces_)
      if (trace.type == type && trace.target == target && (!found || distance(trace) < distance(*found)))
        found = &trace;
    return found;
  }

  /// What the object's end rests on: one step back. Null: it stands for itself.
  const Trace* cause_of(const Trace& effect, UserId user) const {
    const auto kind = effect.target.kind;
    const bool connected = kind == PartyKind::token || kind == PartyKind::session || kind == PartyKind::device;
    // A token and a session end with their device, a device with its code: in one command, for one reason.
    const auto* device = connected && kind != PartyKind::device ? with_device(effect) : nullptr;
    if (device) return device;
    switch (effect.reason) {
      case Reason::device_revoked_with:
        return nearest(EventType::device_revoked, {PartyKind::device, effect.target.id}, effect);
      case Reason::user_was_disabled: return nearest(EventType::user_disabled, party(user), effect);
      case Reason::user_was_erased: return nearest(EventType::user_erased, party(user), effect);
      case Reason::code_revoked_with:
      case Reason::user_was_reset: break;
      default: return nullptr;
    }
    if (!connected) return nearest(EventType::user_reset, party(user), effect);
    const auto* activation = state_.activation(effect.target.id);
    return activation ? nearest(EventType::registration_code_revoked, party(activation->code), effect) : nullptr;
  }

 private:
  const Trace* with_device(const Trace& effect) const {
    const auto* device = nearest(EventType::device_revoked, {PartyKind::device, effect.target.id}, effect);
    const bool together = device && device->reason == effect.reason && device->rendered.time == effect.rendered.time &&
                          device->rendered.correlation == effect.rendered.correlation;
    return together ? device : nullptr;
  }

  const AccountFold& state_;
  std::vector<Trace> traces_;
};

struct Status {
  std::string text;
  EventType ended = EventType::none;  ///< the type of the event that made it so
  std::string why_without_event;      ///< when time alone did
  Party about{};                      ///< what that event is about; none: the object itself
};

constexpr std::string_view not_swept = "its time was over; the event that says so is written by the next sweep";

Status status_of_activation(const Activation& a, PartyKind kind, UnixMs now) {
  if (kind == PartyKind::device) {
    if (a.device_live()) return {"active", {}, ""};
    return {"revoked", EventType::device_revoked, ""};
  }
  if (kind == PartyKind::token) {
    if (a.token_live(now)) return {"active", {}, ""};
    if (a.token_ended_at == 0) return {"expired", {}, std::string(not_swept)};
    return {"inactive", a.token_reason == Reason::expired ? EventType::token_expired : EventType::token_revoked, ""};
  }
  if (a.session_live(now)) return {"active", {}, ""};
  if (a.session_ended_at == 0) return {"expired", {}, std::string(not_swept)};
  return {"ended", EventType::session_ended, ""};
}

Status status_of_code(const Code& code, UnixMs now) {
  const auto status = effective_status(code, now);
  Status out{std::string(text_of_status(status)), {}, ""};
  if (code.status == CodeStatus::used) out.ended = EventType::registration_code_used;
  if (code.status == CodeStatus::revoked) out.ended = EventType::registration_code_revoked;
  if (code.status == CodeStatus::expired) out.ended = EventType::registration_code_expired;
  if (status == CodeStatus::reserved) out.ended = EventType::registration_code_reserved;
  if (status != code.status) out.why_without_event = not_swept;
  return out;
}

/// Null: it was deleted.
Status status_of_authenticator(const Authenticator* authenticator, const User& user, UnixMs now) {
  if (!authenticator) return {"deleted", EventType::authenticator_deleted, "", {}};
  const auto status = effective_status(*authenticator, now);
  Status out{std::string(status_text(status)), EventType::none, "", {}};
  switch (authenticator->status) {
    case AuthenticatorStatus::disabled: out.ended = EventType::authenticator_disabled; break;
    case AuthenticatorStatus::obsolete: out.ended = EventType::authenticator_retired; break;
    case AuthenticatorStatus::compromised: out.ended = EventType::authenticator_compromised; break;
    case AuthenticatorStatus::expired: out.ended = EventType::authenticator_expired; break;
    default: break;
  }
  if (status == AuthenticatorStatus::active && user.lockout.locked())
    return {"locked", EventType::authenticator_locked, "", party(user.id)};
  if (status != authenticator->status) out.why_without_event = not_swept;
  return out;
}

class Explainer {
 public:
  Explainer(const FoldedAccount& folded, const ExplainQuestion& question)
      : state_(folded.state), now_(folded.now), object_(question.object), evidence_(state_) {}

  /// Whose it is; nothing: there is no such thing.
  std::optional<UserId> owner() const {
    switch (object_.kind) {
      case PartyKind::registration_code: return state_.owner_of_code(CodeId{object_.id});
      case PartyKind::device:
      case PartyKind::token:
      case PartyKind::session: return state_.owner_of_activation(object_.id);
      case PartyKind::authenticator: return state_.owner_of_authenticator(AuthenticatorId{object_.id});
      default: break;
    }
    const UserId user{object_.id};
    if (state_.user(state_.id(), user) || state_.was_erased(user)) return user;
    return std::nullopt;
  }

  Evidence& evidence() { return evidence_; }

  json::object explain(UserId user) const {
    const auto status = status_now(user);
    json::object out{{"kind", party_kind_text(object_.kind)},
                     {"id", domain::party_text(object_)},
                     {"user_id", user.text()},
                     {"at", queries::rfc3339(now_)},
                     {"status", status.text},
                     {"account_status", state_.the_account().suspended ? "suspended" : "active"}};
    json::array because;
    const auto* step =
        status.ended == EventType::none
            ? nullptr
            : evidence_.last(status.ended, status.about.kind == PartyKind::none ? object_ : status.about);
    for (int steps = 0; step && steps < most_steps; ++steps, step = evidence_.cause_of(*step, user))
      because.push_back(line(*step));
    if (!status.why_without_event.empty())
      out["why"] = status.why_without_event;
    else if (because.empty())
      out["why"] = "nothing has changed that since it was made";
    else
      out["why"] = chain(because);
    out["because"] = std::move(because);
    out["origin"] = origin();
    return out;
  }

 private:
  static constexpr int most_steps = 8;

  Status status_now(UserId owner) const {
    if (object_.kind == PartyKind::registration_code) return status_of_code(*state_.code(CodeId{object_.id}), now_);
    if (object_.kind == PartyKind::authenticator) {
      const auto user = state_.user(state_.id(), owner);
      return status_of_authenticator(user->authenticator(AuthenticatorId{object_.id}), *user, now_);
    }
    if (object_.kind != PartyKind::user)
      return status_of_activation(*state_.activation(object_.id), object_.kind, now_);
    const auto user = state_.user(state_.id(), UserId{object_.id});
    if (!user) return {"erased", EventType::user_erased, ""};
    return {user->disabled ? "disabled" : "active", user->disabled ? EventType::user_disabled : EventType::none, ""};
  }

  static json::object line(const Trace& trace) {
    return {{"text", event_line(trace.rendered)}, {"event", event_summary(trace.rendered)}};
  }

  /// "token.revoked (code_revoked_with), because of device.revoked ..."
  static std::string chain(const json::array& steps) {
    std::string text;
    for (const auto& step : steps) {
      const auto& event = step.at("event");
      if (!text.empty()) text += ", because of ";
      text.append(event.at("type").get_string());
      const auto& reason = event.at("outcome").at("reason");
      if (reason.is_string()) text.append(" (").append(reason.get_string()).append(")");
    }
    const auto& last = steps.back().at("event");
    const auto& actor = last.at("actor");
    if (actor.is_object())
      text.append(" by ").append(actor.at("id").is_string() ? actor.at("id").get_string()
                                                            : actor.at("type").get_string());
    return text.append(" at ").append(last.at("time").get_string());
  }

  json::array origin() const {
    std::vector<std::pair<EventType, Party>> made;
    auto code = object_;
    if (const auto* activation = state_.activation(object_.id); activation && object_.kind != PartyKind::user) {
      code = party(activation->code);
      made = {{EventType::registration_code_generated, code},
              {EventType::registration_code_used, code},
              {EventType::device_activated, party(activation->device_id())}};
      if (object_.kind == PartyKind::token) made.emplace_back(EventType::token_issued, object_);
      if (object_.kind == PartyKind::session) made.emplace_back(EventType::session_started, object_);
    } else if (object_.kind == PartyKind::user) {
      made = {{EventType::user_created, object_}};
    } else if (object_.kind == PartyKind::authenticator) {
      made = {{EventType::authenticator_enrolled, object_}, {EventType::authenticator_confirmed, object_}};
    } else {
      made = {{EventType::registration_code_generated, code}};
    }
    json::array out;
    for (const auto& [type, target] : made)
      if (const auto* trace = evidence_.last(type, target)) out.push_back(line(*trace));
    return out;
  }

  const AccountFold& state_;
  const UnixMs now_;
  const Party object_;
  Evidence evidence_;
};

}  // namespace

json::value explain(const Source& source, const ExplainQuestion& question, const Progress& progress) {
  AuditedLog first(source);
  const auto folded = fold_account(first, question.account, question.at, progress);
  Explainer explainer(folded, question);
  const auto owner = explainer.owner();
  if (!owner) return nullptr;
  AuditedLog log(source);
  Names names(folded.state, log);
  const auto his = Concern::with_user(*owner);
  walk(
      log, question.account, Moment::at_sequence(folded.state.events()),
      [&](const EventView& event, std::string_view, bus::FrameNumber frame) {
        if (his.takes(event)) explainer.evidence().add(event, names.describe(event, frame));
        return true;
      },
      progress);
  return explainer.explain(*owner);
}

std::string explanation_text(const json::object& explanation) {
  std::string out;
  const auto text = [&](const char* name) { return std::string(explanation.at(name).get_string()); };
  out += text("kind") + " " + text("id") + " of " + text("user_id") + ": " + text("status") + " at " + text("at") +
         "\n  " + text("why") + "\n";
  if (text("account_status") != "active") out += "  the account is suspended: nothing of it is served\n";
  const auto list = [&](const char* name, const char* title) {
    const auto& steps = explanation.at(name).get_array();
    if (!steps.empty()) out.append(title).append("\n");
    for (const auto& step : steps) out.append("    ").append(step.at("text").get_string()).append("\n");
  };
  list("because", "  because, the last first:");
  list("origin", "  it came from:");
  return out;
}

}  // namespace countersign::replay
