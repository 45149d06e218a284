#include "tools/replay/event_semantics.h"

#include <algorithm>
#include <array>

#include "domain/event_catalogue.h"

namespace countersign::replay {
namespace {

using domain::EventType;
using domain::PartyKind;
using domain::fb::Payload;
using enum domain::fb::EventType;

/// Payload::NONE: none at all.
struct Meaning {
  EventType type;
  Payload payload;
  PartyKind subject, target;
};

constexpr Meaning meanings[] = {
    {account_created, Payload::AccountCreated, PartyKind::account, PartyKind::account},
    {account_suspended, Payload::NONE, PartyKind::account, PartyKind::account},
    {account_resumed, Payload::NONE, PartyKind::account, PartyKind::account},
    {account_rescued, Payload::NONE, PartyKind::account, PartyKind::api_key},
    {provisioning_changed, Payload::ProvisioningChanged, PartyKind::account, PartyKind::account},
    {api_key_created, Payload::ApiKeyCreated, PartyKind::api_key, PartyKind::api_key},
    {api_key_revoked, Payload::ApiKeyRevoked, PartyKind::api_key, PartyKind::api_key},
    {user_created, Payload::UserProfile, PartyKind::user, PartyKind::user},
    {user_updated, Payload::UserProfile, PartyKind::user, PartyKind::user},
    {user_disabled, Payload::NONE, PartyKind::user, PartyKind::user},
    {user_enabled, Payload::NONE, PartyKind::user, PartyKind::user},
    {user_reset, Payload::NONE, PartyKind::user, PartyKind::user},
    {user_erased, Payload::NONE, PartyKind::user, PartyKind::user},
    {registration_code_generated, Payload::CodeGenerated, PartyKind::user, PartyKind::registration_code},
    {registration_code_reserved, Payload::CodeReserved, PartyKind::user, PartyKind::registration_code},
    {registration_code_reopened, Payload::NONE, PartyKind::user, PartyKind::registration_code},
    {registration_code_used, Payload::CodeUsed, PartyKind::user, PartyKind::registration_code},
    {registration_code_revoked, Payload::NONE, PartyKind::user, PartyKind::registration_code},
    {registration_code_expired, Payload::NONE, PartyKind::user, PartyKind::registration_code},
    {registration_codes_downloaded, Payload::CodesDownloaded, PartyKind::account, PartyKind::account},
    {device_activated, Payload::DeviceActivated, PartyKind::user, PartyKind::device},
    {device_renamed, Payload::NONE, PartyKind::user, PartyKind::device},
    {device_revoked, Payload::NONE, PartyKind::user, PartyKind::device},
    {token_issued, Payload::TokenIssued, PartyKind::user, PartyKind::token},
    {token_revoked, Payload::NONE, PartyKind::user, PartyKind::token},
    {token_expired, Payload::NONE, PartyKind::user, PartyKind::token},
    {session_started, Payload::SessionStarted, PartyKind::user, PartyKind::session},
    {session_seen, Payload::SessionSeen, PartyKind::user, PartyKind::session},
    {session_ended, Payload::NONE, PartyKind::user, PartyKind::session},
    {operation_started, Payload::OperationRecord, PartyKind::operation, PartyKind::operation},
    {operation_finished, Payload::OperationRecord, PartyKind::operation, PartyKind::operation},
    {stream_started, Payload::StreamRecord, PartyKind::account, PartyKind::account},
    {stream_ended, Payload::StreamRecord, PartyKind::account, PartyKind::account},
    {server_started, Payload::ServerRecord, PartyKind::system, PartyKind::system},
    {server_stopped, Payload::ServerRecord, PartyKind::system, PartyKind::system},
    {log_restored, Payload::LogRestored, PartyKind::system, PartyKind::system},
    {master_key_rotated, Payload::ServerRecord, PartyKind::system, PartyKind::system},
    {audit_key_exported, Payload::NONE, PartyKind::account, PartyKind::account},
};

/// Refusals are about a code or a key if there is one with that secret, and about nothing otherwise.
bool is_refusal(EventType type) {
  return type == registration_code_redemption_refused || type == api_key_refused;
}

std::string refusal_flaw(const domain::EventView& event) {
  if (event.clear().payload_type() != Payload::Refusals) return "has no count of refusals";
  if (event.clear().outcome() != domain::Outcome::failure) return "is a refusal that succeeded";
  return {};
}

std::string party_flaw(std::string_view what, PartyKind found, PartyKind wanted) {
  if (found == wanted) return {};
  return "has as its " + std::string(what) + " a thing of kind " + std::string(domain::party_kind_text(found)) +
         ", and its type's is " + std::string(domain::party_kind_text(wanted));
}

}  // namespace

std::string semantic_flaw(const domain::EventView& event) {
  const auto& clear = event.clear();
  const auto& name = domain::name_of(event.type());
  if (name.type == none) return "is of a type without a name";
  if (clear.time() <= 0) return "has no time";
  if (is_refusal(event.type())) return refusal_flaw(event);
  const auto* meaning = std::ranges::find(meanings, event.type(), &Meaning::type);
  if (meaning == std::end(meanings)) return "is of a type that nothing is known of";
  if (clear.payload_type() != meaning->payload)
    return "of type " + std::string(name.name) + " has the payload " +
           domain::fb::EnumNamePayload(clear.payload_type()) + ", and its type's is " +
           domain::fb::EnumNamePayload(meaning->payload);
  if (auto flaw = party_flaw("subject", event.subject().kind, meaning->subject); !flaw.empty()) return flaw;
  return party_flaw("target", event.target().kind, meaning->target);
}

}  // namespace countersign::replay
