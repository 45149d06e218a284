#include "adapters/queries/event_rendering.h"

#include "adapters/queries/correlation.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"
#include "domain/account.h"
#include "domain/event_catalogue.h"
#include "domain/user.h"

namespace countersign::queries {

namespace json = boost::json;
using domain::PartyKind;

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

/// What an event type says beyond who and what: numbers and enums of its clear part, and what a download asked for.
json::object details(const domain::EventView& event, const domain::Personal& personal) {
  json::object out;
  const auto& clear = event.clear();
  if (const auto* refusals = clear.payload_as_Refusals()) out["count"] = refusals->count();
  if (const auto* code = clear.payload_as_CodeGenerated()) out["expires_at"] = rfc3339(code->expires_at());
  if (const auto* key = clear.payload_as_ApiKeyCreated()) out["role"] = domain::role_text(key->role());
  if (const auto* operation = clear.payload_as_OperationRecord()) {
    if (operation->kind()) out["kind"] = operation->kind()->str();
    if (event.type() == domain::EventType::operation_finished) {
      out["total"] = operation->total();
      out["done"] = operation->done();
      out["failed"] = operation->failed();
    }
  }
  if (const auto* stream = clear.payload_as_StreamRecord()) {
    out["format"] = stream->format() ? stream->format()->str() : "";
    if (event.type() == domain::EventType::stream_ended) out["events"] = stream->events();
  }
  if (const auto* download = clear.payload_as_CodesDownloaded()) {
    out["rows"] = download->rows();
    out["filter"] = text_or_null(personal.detail);
  }
  if (const auto* server = clear.payload_as_ServerRecord()) {
    out["version"] = server->version() ? server->version()->str() : "";
    out["node"] = server->node() ? server->node()->str() : "";
  }
  if (const auto* restored = clear.payload_as_LogRestored()) {
    out["from_frame"] = restored->from_frame();
    out["codes_revoked"] = restored->codes_revoked();
    out["tokens_kept"] = restored->tokens_kept();
  }
  return out;
}

}  // namespace

std::string EventRenderer::display(domain::AccountId account, const domain::Party& party) {
  switch (party.kind) {
    case PartyKind::user: {
      const auto user = state_.user(account, domain::UserId{party.id});
      const auto profile = user ? opener_.profile(account, user->id, user->profile) : nullptr;
      if (!profile) return "(erased)";
      std::string name = profile->first_name;
      if (!name.empty() && !profile->last_name.empty()) name += ' ';
      name += profile->last_name;
      return name.empty() ? profile->email : name;
    }
    case PartyKind::api_key: {
      const auto key = state_.api_key(account, domain::ApiKeyId{party.id});
      const auto text = key ? opener_.of_account(account, key->name) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::account: {
      const auto known = state_.account(domain::AccountId{party.id});
      const auto text = known ? opener_.of_account(known->id, known->name) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::root: return "root key";
    case PartyKind::system: return "Countersign";
    default: return "";
  }
}

json::value EventRenderer::party(domain::AccountId account, const domain::Party& party) {
  if (party.kind == PartyKind::none) return nullptr;
  const auto [it, fresh] = names_.try_emplace({party.kind, party.id});
  if (fresh) it->second = display(account, party);
  return json::object{{"type", domain::party_kind_text(party.kind)},
                      {"id", text_or_null(domain::party_text(party))},
                      {"display", text_or_null(it->second)}};
}

json::object EventRenderer::render(const domain::EventView& event, bus::FrameNumber frame) {
  const auto& clear = event.clear();
  const auto& name = domain::name_of(event.type());
  const auto account = event.account();
  const auto personal = opener_.of_event(event).value_or(domain::Personal{});
  json::object out{{"id", event.id().text()},
                   {"account", account_text(account)},
                   {"sequence", event.sequence()},
                   {"time", rfc3339(event.time())},
                   {"type", name.name},
                   {"sub_type", name.sub_type},
                   {"action", name.action},
                   {"severity", domain::severity_of(event.type(), event.reason())},
                   {"outcome",
                    {{"result", clear.outcome() == domain::Outcome::success ? "success" : "failure"},
                     {"reason", text_or_null(std::string(domain::reason_text(event.reason())))}}},
                   {"actor", party(account, event.actor())},
                   {"subject", party(account, event.subject())},
                   {"target", party(account, event.target())},
                   {"client", {{"ip", text_or_null(personal.ip)}, {"user_agent", text_or_null(personal.user_agent)}}}};
  const auto session = domain::EventView::to_uuid(clear.session());
  out["session_id"] = session.is_nil() ? json::value(nullptr) : json::value(domain::SessionId{session}.text());
  out["correlation_id"] = text_or_null(correlation_text(domain::EventView::to_uuid(clear.correlation())));
  out["details"] = details(event, personal);
  out["position"] = text_of(Position{log_, frame});
  return out;
}

}  // namespace countersign::queries
