#include "adapters/queries/event_details.h"

#include "adapters/queries/policy_rendering.h"
#include "adapters/queries/rfc3339.h"
#include "domain/authenticator.h"
#include "domain/event_catalogue.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"
#include "domain/siem_configuration.h"

namespace countersign::queries {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value time_or_null(domain::UnixMs time) {
  return time == 0 ? json::value(nullptr) : json::value(rfc3339(time));
}

std::string text_of(const flatbuffers::String* text) {
  return text ? text->str() : "";
}

void put_device(json::object& out, const domain::Personal& personal) {
  out["name"] = text_or_null(personal.device_name);
  out["platform"] = text_or_null(personal.device_platform);
  out["model"] = text_or_null(personal.device_model);
  out["serial"] = text_or_null(personal.device_serial);
}

void put_operation(json::object& out, const domain::fb::OperationRecord& operation, bool finished) {
  out["kind"] = text_of(operation.kind());
  if (!finished) return;
  out["total"] = operation.total();
  out["done"] = operation.done();
  out["failed"] = operation.failed();
}

/// Not the whole URL: its path may be all that a receiver asks for.
void put_destination(json::object& out, const domain::fb::SiemDestinationSet& set, const domain::Personal& personal,
                     bool created) {
  const auto configuration = domain::siem_configuration_of(personal);
  out["name"] = text_or_null(configuration.name);
  out["protocol"] = domain::fb::EnumNameSiemProtocol(set.protocol());
  out["receiver"] = text_or_null(configuration.receiver());
  out["tls"] = set.tls();
  out["format"] = domain::fb::EnumNameSiemFormat(set.format());
  out["filter"] = text_or_null(configuration.filter);
  out["checkpoints"] = set.checkpoints();
  if (created) out["from_sequence"] = set.start() + 1;
}

void put_authenticator(json::object& out, const domain::fb::AuthenticatorSet& set, const domain::Personal& personal) {
  out["type"] = domain::type_text(set.type());
  out["name"] = text_or_null(personal.name);
  out["comment"] = text_or_null(personal.detail);
  out["algorithm"] = domain::fb::EnumNameOtpAlgorithm(set.algorithm());
  out["digits"] = set.digits();
  out["period"] = set.period() == 0 ? json::value(nullptr) : json::value(set.period());
  out["expires_at"] = time_or_null(set.expires_at());
  out["mfa_exempt"] = set.mfa_exempt();
  if (set.codes() > 0) out["codes"] = set.codes();
  if (set.suite() && set.suite()->size() > 0) out["suite"] = text_of(set.suite());
  if (set.licence()) {
    out["licence_id"] = domain::LicenceId{domain::EventView::to_uuid(set.licence())}.text();
    out["instance"] = set.instance();
    out["registration_expires_at"] = time_or_null(set.registration_expires_at());
  }
  if (set.replaces()) out["replaces"] = domain::AuthenticatorId{domain::EventView::to_uuid(set.replaces())}.text();
}

void put_challenge(json::object& out, const domain::fb::ChallengeIssued& issued, const domain::Personal& personal) {
  out["challenge_id"] = domain::ChallengeId{domain::EventView::to_uuid(issued.challenge())}.text();
  out["channel"] = text_or_null(std::string(domain::channel_text(issued.channel())));
  out["question"] = text_or_null(personal.detail);
  out["counter"] = issued.counter();
  out["expires_at"] = time_or_null(issued.expires_at());
}

void put_licence(json::object& out, const domain::fb::LicenceSet& set) {
  out["serial_number"] = text_of(set.serial_number());
  out["type"] = domain::licence_type_text(set.type());
  out["authenticator_type"] = domain::type_text(set.authenticator_type());
  out["activations"] = set.activations();
  out["max_reactivations"] = set.limits_reactivations() ? json::value(set.max_reactivations()) : json::value(nullptr);
}

void put_hardware_token(json::object& out, const domain::fb::HardwareTokenSet& set) {
  out["serial_number"] = text_of(set.serial_number());
  out["manufacturer"] = text_or_null(text_of(set.manufacturer()));
  out["type"] = set.period() == 0 ? "hotp" : "totp";
  out["algorithm"] = domain::fb::EnumNameOtpAlgorithm(set.algorithm());
  out["digits"] = set.digits();
  out["period"] = set.period() == 0 ? json::value(nullptr) : json::value(set.period());
  out["expires_at"] = time_or_null(set.expires_at());
  out["operation_id"] = domain::OperationId{domain::EventView::to_uuid(set.operation())}.text();
}

void put_counted_reads(json::object& out, const domain::fb::EventsRead& read) {
  out["lists"] = read.lists();
  out["facets"] = read.facets();
  out["histograms"] = read.histograms();
  out["log"] = read.log();
  out["since"] = time_or_null(read.since());
}

}  // namespace

json::object event_details(const domain::EventView& event, const domain::Personal& personal) {
  using domain::EventType;
  json::object out;
  const auto& clear = event.clear();
  if (const auto* policy = clear.payload_as_ProvisioningChanged()) {
    const auto rendered = render_policy(domain::provisioning_of(*policy));
    out.insert(rendered.begin(), rendered.end());
  }
  if (const auto* refusals = clear.payload_as_Refusals()) {
    out["count"] = refusals->count();
    out["since"] = time_or_null(refusals->window_start());
  }
  if (const auto* key = clear.payload_as_ApiKeyCreated()) {
    out["role"] = domain::role_text(key->role());
    out["expires_at"] = time_or_null(key->expires_at());
  }
  if (const auto* profile = clear.payload_as_UserProfile()) out["mfa_configured"] = profile->mfa_configured();
  if (const auto* code = clear.payload_as_CodeGenerated()) {
    out["expires_at"] = time_or_null(code->expires_at());
    if (code->operation())
      out["operation_id"] = domain::OperationId{domain::EventView::to_uuid(code->operation())}.text();
  }
  if (const auto* reserved = clear.payload_as_CodeReserved())
    out["expires_at"] = time_or_null(reserved->ticket_expires_at());
  if (const auto* used = clear.payload_as_CodeUsed()) {
    const auto brought = domain::EventView::to_uuid(used->activation());
    out["device_id"] = domain::DeviceId{brought}.text();
    out["token_id"] = domain::TokenId{brought}.text();
  }
  if (const auto* activated = clear.payload_as_DeviceActivated())
    out["registration_code_id"] = domain::CodeId{domain::EventView::to_uuid(activated->code())}.text();
  if (event.type() == EventType::device_activated || event.type() == EventType::device_renamed)
    put_device(out, personal);
  if (const auto* issued = clear.payload_as_TokenIssued()) out["expires_at"] = time_or_null(issued->expires_at());
  if (const auto* started = clear.payload_as_SessionStarted()) out["expires_at"] = time_or_null(started->expires_at());
  if (const auto* seen = clear.payload_as_SessionSeen()) out["seen_at"] = time_or_null(seen->seen_at());
  if (const auto* operation = clear.payload_as_OperationRecord())
    put_operation(out, *operation, event.type() == EventType::operation_finished);
  if (const auto* stream = clear.payload_as_StreamRecord()) {
    out["format"] = text_of(stream->format());
    if (event.type() == EventType::stream_ended) out["events"] = stream->events();
  }
  if (const auto* download = clear.payload_as_CodesDownloaded()) {
    out["rows"] = download->rows();
    out["filter"] = text_or_null(personal.detail);
  }
  if (event.type() == EventType::audit_key_exported) out["key_id"] = text_or_null(personal.detail);
  if (const auto* server = clear.payload_as_ServerRecord()) {
    out["version"] = text_of(server->version());
    out["node"] = text_of(server->node());
  }
  if (const auto* restored = clear.payload_as_LogRestored()) {
    out["from_frame"] = restored->from_frame();
    out["codes_revoked"] = restored->codes_revoked();
    out["tokens_kept"] = restored->tokens_kept();
  }
  if (const auto* set = clear.payload_as_SiemDestinationSet())
    put_destination(out, *set, personal, event.type() == EventType::siem_destination_created);
  if (const auto* rewound = clear.payload_as_SiemDestinationRewound()) out["from_sequence"] = rewound->start() + 1;
  if (const auto* exported = clear.payload_as_SiemDestinationExported()) {
    out["events"] = exported->events();
    out["up_to_sequence"] = exported->up_to();
    out["since"] = time_or_null(exported->since());
  }
  if (const auto* read = clear.payload_as_EventsRead()) put_counted_reads(out, *read);
  if (const auto* set = clear.payload_as_AuthenticatorSet()) put_authenticator(out, *set, personal);
  if (const auto* set = clear.payload_as_LicenceSet()) put_licence(out, *set);
  if (const auto* activation = clear.payload_as_LicenceActivation()) {
    out["authenticator_id"] = domain::AuthenticatorId{domain::EventView::to_uuid(activation->authenticator())}.text();
    out["instance"] = activation->instance();
    if (event.type() == EventType::licence_activation_released) out["was_activated"] = activation->activated();
  }
  if (const auto* set = clear.payload_as_HardwareTokenSet()) put_hardware_token(out, *set);
  if (const auto* returned = clear.payload_as_HardwareTokenReturned()) {
    out["counter"] = returned->counter();
    out["drift"] = returned->drift();
  }
  if (const auto* failed = clear.payload_as_RegistrationFailed()) {
    out["step"] = failed->step() == domain::fb::RegistrationStep::add_device ? "add-device" : "activate";
    out["failures"] = failed->failures();
  }
  if (const auto* issued = clear.payload_as_ChallengeIssued()) put_challenge(out, *issued, personal);
  if (const auto* delivery = clear.payload_as_ChallengeDelivery())
    out["challenge_id"] = domain::ChallengeId{domain::EventView::to_uuid(delivery->challenge())}.text();
  if (const auto* accepted = clear.payload_as_OtpAccepted()) {
    out["flow"] = domain::fb::EnumNameOtpFlow(accepted->flow());
    out["counter"] = accepted->counter();
    out["drift"] = accepted->drift();
  }
  if (const auto* failed = clear.payload_as_OtpFailed()) {
    out["flow"] = domain::fb::EnumNameOtpFlow(failed->flow());
    out["failures"] = failed->failures();
    out["blocked_until"] = time_or_null(failed->blocked_until());
  }
  return out;
}

}  // namespace countersign::queries
