#include "tests/adapters/siem/samples.h"

#include <boost/json.hpp>

#include "domain/event_catalogue.h"

namespace countersign::siem::test {
namespace {

namespace json = boost::json;
using namespace std::string_literals;
using domain::EventType;
using domain::PartyKind;
using queries::RenderedEvent;
using queries::RenderedParty;

const RenderedParty root{PartyKind::root, "root", "root key"};
const RenderedParty system{PartyKind::system, "system", "Countersign"};
const RenderedParty source{PartyKind::source, "", ""};
const RenderedParty key{PartyKind::api_key, "key_01k7szbzyp97er0cspy0j8mk8n", "Help desk"};
const RenderedParty account{PartyKind::account, "acc_01k7szbxd8edjt25k3hq1pr5sb", "Example Inc"};
const RenderedParty ada{PartyKind::user, "usr_01k7szc1xme7yrm7mx2x17s1yd", "Ada Lovelace"};
const RenderedParty code{PartyKind::registration_code, "rc_01k7szc35ff4jbtcb2r3kkcz3n", ""};
const RenderedParty device{PartyKind::device, "dev_01k7szc4m5eqkvt4cx1kv1a8qd", "Ada's phone"};
const RenderedParty token{PartyKind::token, "tok_01k7szc4m5eqkvt4cx1kv1a8qd", ""};
const RenderedParty session{PartyKind::session, "ses_01k7szc4m5eqkvt4cx1kv1a8qd", ""};
const RenderedParty destination{PartyKind::siem_destination, "dst_01k7szc9b6e2q8mzj4m3x0nt5w", "Our SIEM"};
const RenderedParty authenticator{PartyKind::authenticator, "aut_01k7szcbq3f9t6r2v8w1y5a0nd", "Ada's app"};
const RenderedParty licence{PartyKind::licence, "lic_01k7szcd3c5h9m2q6s0v4x8b1f", "VDS0700123"};
const RenderedParty hardware_token{PartyKind::hardware_token, "hwt_01k7szcf7g1d5k9p3r6t0w4y8a", "UBOM0100042"};
const RenderedParty operation{PartyKind::operation, "op_01k7szc82tfw3b8xhbpwfqpk0e", ""};
const std::string challenge = "chl_01k7szce5k7p1r9t3v6x0z2b4d";
const std::string expiry = "2026-11-30T08:00:00.000Z";

struct Kind {
  EventType type;
  RenderedParty actor, subject, target;
  std::string_view reason;
  json::object details;
};

json::object device_details() {
  return {{"name", "Ada's phone"}, {"platform", "iOS 19"}, {"model", "iPhone 17"}, {"serial", "F2LXK0AB"}};
}

json::object configuration(std::uint64_t from_sequence = 0) {
  json::object out{{"name", "Our SIEM"}, {"protocol", "webhook"}, {"receiver", "https://siem.example.com"},
                   {"tls", true},        {"format", "ocsf"},      {"filter", nullptr},
                   {"checkpoints", true}};
  if (from_sequence > 0) out["from_sequence"] = from_sequence;
  return out;
}

json::object authenticator_details() {
  return {{"type", "totp"}, {"name", "Ada's app"}, {"comment", nullptr},    {"algorithm", "sha256"},
          {"digits", 6},    {"period", 30},        {"expires_at", nullptr}, {"mfa_exempt", false}};
}

json::object licence_details() {
  return {{"serial_number", "VDS0700123"},
          {"type", "MDL"},
          {"authenticator_type", "totp"},
          {"activations", 100},
          {"max_reactivations", 20}};
}

json::object licence_activation() {
  return {{"authenticator_id", authenticator.id}, {"instance", 7}};
}

json::object hardware_token_details() {
  return {{"serial_number", "UBOM0100042"},
          {"manufacturer", "Example Tokens"},
          {"type", "totp"},
          {"algorithm", "sha1"},
          {"digits", 6},
          {"period", 30},
          {"expires_at", nullptr},
          {"operation_id", operation.id}};
}

json::object otp_accepted(std::string_view flow) {
  return {{"flow", flow}, {"counter", 59'666'666}, {"drift", 1}};
}

json::object policy() {
  return {{"method", "registration_code"},
          {"code_validity", {{"value", 7}, {"unit", "days"}}},
          {"invitation", {{"send_to_created", true}, {"send_to_imported", false}, {"notify_disabled", false}}},
          {"max_authenticators", json::object{{"totp", 3}}},
          {"allowed_authenticators", json::array{"totp", "hotp"}},
          {"authenticator_type_names", json::object{{"totp", "App"}}},
          {"mfa_exempt_authenticators", json::array{"hotp"}},
          {"access_token_validity", nullptr},
          {"session_lifetime", 3600}};
}

std::vector<Kind> kinds() {
  using enum EventType;
  const json::object expires{{"expires_at", expiry}};
  const json::object counted{{"count", 12}, {"since", "2026-11-23T07:59:00.000Z"}};
  const json::object stopped{{"version", "9.9"}, {"node", "node-1"}};
  return {
      {account_created, root, account, account},
      {account_suspended, root, account, account},
      {account_resumed, root, account, account},
      {account_rescued, root, account, key},
      {provisioning_changed, key, account, account, "", policy()},
      {api_key_created, root, key, key, "rescue", {{"role", "admin"}, {"expires_at", nullptr}}},
      {api_key_revoked, key, key, key},
      {api_key_refused, source, key, key, "key_revoked"},
      {user_created, key, ada, ada, "", {{"mfa_configured", false}}},
      {user_updated, key, ada, ada, "", {{"mfa_configured", true}}},
      {user_disabled, key, ada, ada},
      {user_enabled, key, ada, ada},
      {user_reset, key, ada, ada},
      {user_erased, key, {ada.kind, ada.id, "(erased)"}, {ada.kind, ada.id, "(erased)"}},
      {registration_code_generated, key, ada, code, "", expires},
      {registration_code_reserved, source, ada, code, "", expires},
      {registration_code_reopened, system, ada, code, "ticket_lapsed"},
      {registration_code_used, source, ada, code, "", {{"device_id", device.id}, {"token_id", token.id}}},
      {registration_code_revoked, key, ada, code, "by_administrator"},
      {registration_code_expired, system, ada, code, "expired"},
      {registration_code_redemption_refused, system, {}, {}, "code_unknown", counted},
      {registration_codes_downloaded, key, account, account, "", {{"rows", 250}, {"filter", "status=open"}}},
      {device_activated, source, ada, device, "", device_details()},
      {device_renamed, key, ada, device, "", device_details()},
      {device_revoked, key, ada, device, "by_administrator"},
      {token_issued, source, ada, token, "", expires},
      {token_revoked, key, ada, token, "by_administrator"},
      {token_expired, system, ada, token, "expired"},
      {session_started, source, ada, session, "", expires},
      {session_seen, key, ada, session, "", {{"seen_at", "2026-11-23T07:58:00.000Z"}}},
      {session_ended, key, ada, session, "user_was_disabled"},
      {operation_started, key, operation, operation, "", {{"kind", "import"}}},
      {operation_finished,
       system,
       operation,
       operation,
       "",
       {{"kind", "import"}, {"total", 3}, {"done", 2}, {"failed", 1}}},
      {stream_started, key, account, account, "", {{"format", "ocsf"}}},
      {stream_ended, key, account, account, "", {{"format", "ocsf"}, {"events", 9}}},
      {server_started, system, system, system, "", stopped},
      {server_stopped, system, system, system, "", stopped},
      {log_restored, system, system, system, "", {{"from_frame", 41}, {"codes_revoked", 5}, {"tokens_kept", false}}},
      {master_key_rotated, system, system, system, "", stopped},
      {log_upgraded, system, system, system, "", stopped},
      {siem_destination_created, key, destination, destination, "", configuration(17)},
      {siem_destination_updated, key, destination, destination, "", configuration()},
      {siem_destination_paused, key, destination, destination},
      {siem_destination_resumed, key, destination, destination},
      {siem_destination_deleted, key, {destination.kind, destination.id, ""}, {destination.kind, destination.id, ""}},
      {siem_destination_rewound, key, destination, destination, "", {{"from_sequence", 1}}},
      {siem_destination_exported,
       system,
       destination,
       destination,
       "",
       {{"events", 250}, {"up_to_sequence", 266}, {"since", "2026-11-23T07:45:00.000Z"}}},
      {events_read,
       key,
       account,
       account,
       "",
       {{"lists", 12}, {"facets", 3}, {"histograms", 1}, {"log", 0}, {"since", "2026-11-23T07:45:00.000Z"}}},
      {audit_key_exported, key, account, account, "", {{"key_id", "0123456789abcdef"}}},
      {authenticator_enrolled, key, ada, authenticator, "", authenticator_details()},
      {authenticator_confirmed, key, ada, authenticator, "", otp_accepted("confirm")},
      {authenticator_updated, key, ada, authenticator, "", authenticator_details()},
      {authenticator_disabled, key, ada, authenticator, "by_administrator"},
      {authenticator_enabled, key, ada, authenticator, "by_administrator"},
      {authenticator_deleted, key, ada, authenticator, "replaced"},
      {authenticator_retired, key, ada, authenticator, "by_administrator"},
      {authenticator_compromised, key, ada, authenticator, "by_administrator"},
      {authenticator_expired, system, ada, authenticator, "expired"},
      {authenticator_verified, key, ada, authenticator, "", otp_accepted("verify")},
      {authenticator_reset, key, ada, authenticator, "", otp_accepted("reset")},
      {authenticator_verification_failed,
       key,
       ada,
       ada,
       "otp_wrong",
       {{"flow", "verify"}, {"failures", 5}, {"blocked_until", expiry}}},
      {authenticator_verification_refused, key, {}, {}, "blocked_after_failures", counted},
      {authenticator_locked, key, ada, ada, "otp_wrong"},
      {authenticator_unlocked, key, ada, ada, "by_administrator"},
      {authenticator_device_added, key, ada, authenticator},
      {authenticator_registration_failed,
       key,
       ada,
       authenticator,
       "signature_wrong",
       {{"step", "activate"}, {"failures", 1}}},
      {authenticator_activated, key, ada, authenticator},
      {licence_created, key, licence, licence, "", licence_details()},
      {licence_updated, key, licence, licence, "", licence_details()},
      {licence_deleted, key, licence, licence},
      {licence_activation_reserved, key, ada, licence, "", licence_activation()},
      {licence_activation_released, system, ada, licence, "expired", licence_activation()},
      {challenge_issued,
       key,
       ada,
       authenticator,
       "",
       {{"challenge_id", challenge},
        {"channel", nullptr},
        {"question", "40071999"},
        {"counter", 7},
        {"expires_at", expiry}}},
      {challenge_sending, system, ada, authenticator, "", {{"challenge_id", challenge}}},
      {challenge_sent, system, ada, authenticator, "", {{"challenge_id", challenge}}},
      {challenge_undelivered, system, ada, authenticator, "delivery_unknown", {{"challenge_id", challenge}}},
      {challenge_delivered, source, ada, authenticator, "", {{"challenge_id", challenge}}},
      {challenge_deferred, system, ada, authenticator, "", {{"challenge_id", challenge}}},
      {challenge_refused, key, {}, {}, "too_many_challenges", counted},
      {hardware_token_imported, key, hardware_token, hardware_token, "", hardware_token_details()},
      {hardware_token_assigned, key, ada, hardware_token},
      {hardware_token_unassigned,
       key,
       ada,
       hardware_token,
       "by_administrator",
       {{"counter", 59'666'666}, {"drift", 1}}},
      {hardware_token_retired, key, hardware_token, hardware_token, "hardware_token_lost"},
      {hardware_token_deleted, key, hardware_token, hardware_token, "by_administrator"},
  };
}

domain::Reason reason_of(std::string_view text) {
  for (const auto reason : domain::fb::EnumValuesReason())
    if (domain::reason_text(reason) == text) return reason;
  return domain::Reason::none;
}

/// Not of objects' names: those are ours.
json::value rewritten(const json::value& value, const std::string& text) {
  if (value.is_string()) return json::value(text);
  json::value out = value;
  if (out.is_object())
    for (auto& member : out.get_object()) member.value() = rewritten(member.value(), text);
  return out;
}

RenderedEvent without_source(RenderedEvent event) {
  event.ip = event.user_agent = event.country = event.city = event.as_organization = "";
  event.as_number = 0;
  return event;
}

}  // namespace

std::vector<RenderedEvent> samples() {
  std::vector<RenderedEvent> out;
  for (auto& kind : kinds()) {
    const bool connected = kind.target.kind == PartyKind::session || kind.target.kind == PartyKind::token ||
                           kind.target.kind == PartyKind::device;
    const bool refused =
        kind.type == EventType::api_key_refused || kind.type == EventType::registration_code_redemption_refused ||
        kind.type == EventType::authenticator_verification_failed ||
        kind.type == EventType::authenticator_registration_failed || kind.type == EventType::challenge_undelivered ||
        kind.type == EventType::challenge_refused || kind.type == EventType::authenticator_verification_refused;
    const auto number = out.size() + 1;
    out.push_back({.type = kind.type,
                   .id = "evt_01k7szd00000000000000000" + std::to_string(10 + number),
                   .account = account.id,
                   .sequence = number,
                   .time = 1'795'420'800'000 + static_cast<domain::UnixMs>(number) * 1'001,
                   .severity = domain::severity_of(kind.type, reason_of(kind.reason)),
                   .success = !refused,
                   .reason = kind.reason,
                   .actor = kind.actor,
                   .subject = kind.subject,
                   .target = kind.target,
                   .ip = number % 2 ? "192.0.2.7" : "2001:db8::7",
                   .user_agent = "ExampleApp/2.1 (iOS 19)",
                   .session = connected ? session.id : "",
                   .correlation = "4bf92f3577b34da6a3ce929d0e0e4736",
                   .details = std::move(kind.details),
                   .position = "pos_example_0_" + std::to_string(number)});
    if (number % 3 == 0) {
      out.back().country = "CH";
      out.back().city = "Z\u00fcrich";
      out.back().as_number = 64'496;
      out.back().as_organization = "Example Net";
    }
    if (kind.actor.kind == PartyKind::system) out.back() = without_source(std::move(out.back()));
  }
  return out;
}

RenderedEvent bare(RenderedEvent event) {
  const auto erased = [](RenderedParty& party) {
    party = party.kind == PartyKind::user ? RenderedParty{party.kind, party.id, "(erased)"} : RenderedParty{};
  };
  erased(event.subject);
  erased(event.target);
  event.actor = {};
  event = without_source(std::move(event));
  event.session = event.correlation = "";
  event.reason = {};
  event.details = {};
  return event;
}

RenderedEvent written_as(RenderedEvent event, const std::string& text) {
  for (auto* party : {&event.actor, &event.subject, &event.target})
    if (party->kind != PartyKind::none) party->display = text;
  event.ip = event.user_agent = event.city = event.as_organization = text;
  event.details = rewritten(event.details, text).as_object();
  return event;
}

const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts{
      "two\nlines\r\nCEF:0|Evil|Evil|1|forged|Forged|10|",
      "pipe | equals = backslash \\ both \\| \\= end \\",
      "suser=admin outcome=success cs1Label=Account",
      "tab\tusrName=admin\tsev=10",
      "]] [x@1 y=\"z\"] ]]>",
      "nul \0 bell \a escape \x1b[2J delete \x7f"s,
      "\xe2\x80\xae"
      "gnp.txet \xe2\x81\xa6isolate\xe2\x81\xa9 \xe2\x80\x8bzero \xef\xbb\xbf",
      "next line \xc2\x85 separators \xe2\x80\xa8 and \xe2\x80\xa9",
      "not \xff\xfe UTF-8 \xc3 \xed\xa0\x80 \xf8\x88\x80\x80\x80",
      "\xf3\xa0\x81\x81 tag, and Zo\xc3\xab, \xe6\x97\xa5\xe6\x9c\xac, \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
      " leading and trailing ",
      "\"quotes\" 'single' <script>alert(1)</script> ${jndi:ldap://x} %n %s {}",
      std::string(10'000, 'x') + "\xc3\xab",
      "\n",
      "=",
  };
  return texts;
}

}  // namespace countersign::siem::test
