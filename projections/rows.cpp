#include "projections/rows.h"

#include "projections/row_codec.h"

namespace countersign::projections {
namespace {

using namespace domain;

/// Small numbers of either sign in few bytes.
std::uint64_t zigzag(std::int32_t number) {
  return static_cast<std::uint32_t>(number) << 1 ^ static_cast<std::uint32_t>(number >> 31);
}
std::int32_t from_zigzag(std::uint64_t coded) {
  return static_cast<std::int32_t>(coded >> 1) ^ -static_cast<std::int32_t>(coded & 1);
}

void write(RowWriter& out, const Code& code) {
  out.uuid(code.id.uuid).digest(code.digest).number(static_cast<unsigned>(code.status));
  out.time(code.generated_at).time(code.expires_at).time(code.changed_at).number(static_cast<unsigned>(code.reason));
  out.digest(code.ticket).time(code.ticket_expires_at).uuid(code.activation).uuid(code.operation.uuid).seal(code.text);
}

Code read_code(RowReader& in) {
  Code code;
  code.id.uuid = in.uuid();
  code.digest = in.digest();
  code.status = in.enumerator<CodeStatus>();
  code.generated_at = in.time();
  code.expires_at = in.time();
  code.changed_at = in.time();
  code.reason = in.enumerator<Reason>();
  code.ticket = in.digest();
  code.ticket_expires_at = in.time();
  code.activation = in.uuid();
  code.operation.uuid = in.uuid();
  code.text = in.seal();
  return code;
}

void write(RowWriter& out, const Activation& a) {
  out.uuid(a.id).uuid(a.code.uuid).time(a.activated_at);
  out.time(a.device_revoked_at).number(static_cast<unsigned>(a.device_reason)).number(a.device_version).seal(a.device);
  out.digest(a.token).time(a.token_expires_at).time(a.token_ended_at).number(static_cast<unsigned>(a.token_reason));
  out.digest(a.key_thumbprint);
  out.time(a.session_expires_at).time(a.session_seen_at).time(a.session_ended_at);
  out.number(static_cast<unsigned>(a.session_reason)).seal(a.session);
}

Activation read_activation(RowReader& in) {
  Activation a;
  a.id = in.uuid();
  a.code.uuid = in.uuid();
  a.activated_at = in.time();
  a.device_revoked_at = in.time();
  a.device_reason = in.enumerator<Reason>();
  a.device_version = in.number();
  a.device = in.seal();
  a.token = in.digest();
  a.token_expires_at = in.time();
  a.token_ended_at = in.time();
  a.token_reason = in.enumerator<Reason>();
  a.key_thumbprint = in.digest();
  a.session_expires_at = in.time();
  a.session_seen_at = in.time();
  a.session_ended_at = in.time();
  a.session_reason = in.enumerator<Reason>();
  a.session = in.seal();
  return a;
}

void write(RowWriter& out, const Challenge& c) {
  out.flag(static_cast<bool>(c.id));
  if (!c.id) return;
  out.uuid(c.id.uuid).number(c.counter).number(static_cast<unsigned>(c.channel));
  out.time(c.issued_at).time(c.expires_at).flag(c.open).number(static_cast<unsigned>(c.delivery)).number(c.attempts);
  out.number(static_cast<unsigned>(c.reason)).seal(c.question);
}

Challenge read_challenge(RowReader& in) {
  Challenge c;
  if (!in.flag()) return c;
  c.id.uuid = in.uuid();
  c.counter = in.number();
  c.channel = in.enumerator<Channel>();
  c.issued_at = in.time();
  c.expires_at = in.time();
  c.open = in.flag();
  c.delivery = in.enumerator<Delivery>();
  c.attempts = static_cast<std::uint8_t>(in.number());
  c.reason = in.enumerator<Reason>();
  c.question = in.seal();
  return c;
}

void write(RowWriter& out, const Authenticator& a) {
  out.uuid(a.id.uuid).number(static_cast<unsigned>(a.type)).number(static_cast<unsigned>(a.status));
  out.number(static_cast<unsigned>(a.reason)).number(static_cast<unsigned>(a.algorithm));
  out.number(a.digits).number(a.period).number(a.next).number(zigzag(a.drift)).number(a.codes).number(a.used);
  out.flag(a.mfa_exempt).number(a.version);
  out.time(a.enrolled_at).time(a.updated_at).time(a.used_at).time(a.expires_at);
  out.uuid(a.replaces.uuid).digest(a.content).seal(a.profile).text(a.suite);
  write(out, a.challenge);
  out.flag(static_cast<bool>(a.licence));
  if (!a.licence) return;
  const auto& registration = a.registration;
  out.uuid(a.licence.uuid).number(a.instance).time(registration.expires_at).number(registration.failures);
  out.digest(registration.message).digest(registration.device);
}

Authenticator read_authenticator(RowReader& in) {
  Authenticator a;
  a.id.uuid = in.uuid();
  a.type = in.enumerator<AuthenticatorType>();
  a.status = in.enumerator<AuthenticatorStatus>();
  a.reason = in.enumerator<Reason>();
  a.algorithm = in.enumerator<OtpAlgorithm>();
  a.digits = static_cast<std::uint8_t>(in.number());
  a.period = static_cast<std::uint16_t>(in.number());
  a.next = in.number();
  a.drift = from_zigzag(in.number());
  a.codes = static_cast<std::uint8_t>(in.number());
  a.used = in.number();
  a.mfa_exempt = in.flag();
  a.version = in.number();
  a.enrolled_at = in.time();
  a.updated_at = in.time();
  a.used_at = in.time();
  a.expires_at = in.time();
  a.replaces.uuid = in.uuid();
  a.content = in.digest();
  a.profile = in.seal();
  a.suite = in.text();
  a.challenge = read_challenge(in);
  if (!in.flag()) return a;
  a.licence.uuid = in.uuid();
  a.instance = static_cast<std::uint32_t>(in.number());
  a.registration.expires_at = in.time();
  a.registration.failures = static_cast<std::uint32_t>(in.number());
  a.registration.message = in.digest();
  a.registration.device = in.digest();
  return a;
}

void write(RowWriter& out, const Provisioning& p) {
  out.number(static_cast<unsigned>(p.method)).number(p.code_validity_value);
  out.number(static_cast<unsigned>(p.code_validity_unit));
  out.flag(p.send_to_created).flag(p.send_to_imported).flag(p.notify_disabled);
  out.number(p.access_token_validity_seconds).number(p.session_lifetime_seconds);
  out.number(p.max_authenticators.size());
  for (const auto& limit : p.max_authenticators) out.text(limit.type).number(limit.maximum);
  out.number(p.mfa_exempt_authenticators.size());
  for (const auto& type : p.mfa_exempt_authenticators) out.text(type);
  out.number(p.allowed_authenticators.size());
  for (const auto& type : p.allowed_authenticators) out.text(type);
  out.number(p.authenticator_type_names.size());
  for (const auto& named : p.authenticator_type_names) out.text(named.type).text(named.name);
}

Provisioning read_provisioning(RowReader& in) {
  Provisioning p;
  p.method = in.enumerator<fb::Method>();
  p.code_validity_value = static_cast<std::uint32_t>(in.number());
  p.code_validity_unit = in.enumerator<fb::ValidityUnit>();
  p.send_to_created = in.flag();
  p.send_to_imported = in.flag();
  p.notify_disabled = in.flag();
  p.access_token_validity_seconds = in.number();
  p.session_lifetime_seconds = in.number();
  for (auto n = in.number(); n > 0; --n) {  // grows as it reads: a damaged count ends at the row's end
    auto& limit = p.max_authenticators.emplace_back();
    limit.type = in.text();
    limit.maximum = static_cast<std::uint32_t>(in.number());
  }
  for (auto n = in.number(); n > 0; --n) p.mfa_exempt_authenticators.emplace_back(in.text());
  for (auto n = in.number(); n > 0; --n) p.allowed_authenticators.emplace_back(in.text());
  for (auto n = in.number(); n > 0; --n) {
    auto& named = p.authenticator_type_names.emplace_back();
    named.type = in.text();
    named.name = in.text();
  }
  return p;
}

}  // namespace

// --- rows ------------------------------------------------------------------------------------------------------------

std::string encode(const Account& a) {
  RowWriter out;
  out.uuid(a.id.uuid).number(a.slot).flag(a.suspended).time(a.created_at).number(a.last_sequence);
  out.number(a.users)
      .number(a.mfa_users)
      .number(a.open_codes)
      .number(a.admin_keys)
      .number(a.siem_destinations)
      .seal(a.name);
  write(out, a.provisioning);
  return out.take();
}

Account decode_account(std::string_view bytes) {
  RowReader in(bytes);
  Account a;
  a.id.uuid = in.uuid();
  a.slot = static_cast<std::uint16_t>(in.number());
  a.suspended = in.flag();
  a.created_at = in.time();
  a.last_sequence = in.number();
  a.users = in.number();
  a.mfa_users = in.number();
  a.open_codes = in.number();
  a.admin_keys = static_cast<std::uint32_t>(in.number());
  a.siem_destinations = static_cast<std::uint32_t>(in.number());
  a.name = in.seal();
  a.provisioning = read_provisioning(in);
  return a;
}

std::string encode(const User& u) {
  RowWriter out;
  out.uuid(u.id.uuid).number((u.disabled ? 1u : 0u) | (u.mfa_configured ? 2u : 0u) | (u.had_code ? 4u : 0u));
  out.number(u.version).time(u.created_at).time(u.updated_at);
  out.digest(u.email).digest(u.login_name).digest(u.content).seal(u.profile);
  out.number(u.codes.size());
  for (const auto& code : u.codes) write(out, code);
  out.number(u.activations.size());
  for (const auto& activation : u.activations) write(out, activation);
  out.number(u.ended_codes.size());
  for (const auto& id : u.ended_codes) out.uuid(id.uuid);
  out.number(u.ended_activations.size());
  for (const auto& id : u.ended_activations) out.uuid(id);
  out.number(u.authenticators.size());
  for (const auto& authenticator : u.authenticators) write(out, authenticator);
  out.number(u.lockout.failures).time(u.lockout.blocked_until);
  out.number(u.messages_at.size());
  for (const auto time : u.messages_at) out.time(time);
  return out.take();
}

User decode_user(std::string_view bytes) {
  RowReader in(bytes);
  User u;
  u.id.uuid = in.uuid();
  const auto flags = in.number();
  u.disabled = flags & 1;
  u.mfa_configured = flags & 2;
  u.had_code = flags & 4;
  u.version = in.number();
  u.created_at = in.time();
  u.updated_at = in.time();
  u.email = in.digest();
  u.login_name = in.digest();
  u.content = in.digest();
  u.profile = in.seal();
  for (auto n = in.number(); n > 0; --n) u.codes.push_back(read_code(in));
  for (auto n = in.number(); n > 0; --n) u.activations.push_back(read_activation(in));
  for (auto n = in.number(); n > 0; --n) u.ended_codes.push_back(CodeId{in.uuid()});
  for (auto n = in.number(); n > 0; --n) u.ended_activations.push_back(in.uuid());
  for (auto n = in.number(); n > 0; --n) u.authenticators.push_back(read_authenticator(in));
  u.lockout.failures = static_cast<std::uint32_t>(in.number());
  u.lockout.blocked_until = in.time();
  for (auto n = in.number(); n > 0; --n) u.messages_at.push_back(in.time());
  return u;
}

std::string encode(const ApiKey& k) {
  RowWriter out;
  out.uuid(k.id.uuid).digest(k.digest).number(static_cast<unsigned>(k.role));
  out.time(k.created_at).time(k.expires_at).time(k.revoked_at).seal(k.name);
  return out.take();
}

ApiKey decode_api_key(std::string_view bytes) {
  RowReader in(bytes);
  ApiKey k;
  k.id.uuid = in.uuid();
  k.digest = in.digest();
  k.role = in.enumerator<Role>();
  k.created_at = in.time();
  k.expires_at = in.time();
  k.revoked_at = in.time();
  k.name = in.seal();
  return k;
}

std::string encode(const SiemDestination& d) {
  RowWriter out;
  out.uuid(d.id.uuid).number(d.version).time(d.created_at).time(d.updated_at).flag(d.paused);
  out.number(static_cast<unsigned>(d.traits.protocol)).number(static_cast<unsigned>(d.traits.format));
  out.flag(d.traits.tls).flag(d.traits.checkpoints).digest(d.traits.content).uuid(d.traits.secret);
  out.number(d.begun_by).number(d.start).number(d.reported).seal(d.configuration);
  return out.take();
}

SiemDestination decode_siem_destination(std::string_view bytes) {
  RowReader in(bytes);
  SiemDestination d;
  d.id.uuid = in.uuid();
  d.version = in.number();
  d.created_at = in.time();
  d.updated_at = in.time();
  d.paused = in.flag();
  d.traits.protocol = in.enumerator<fb::SiemProtocol>();
  d.traits.format = in.enumerator<fb::SiemFormat>();
  d.traits.tls = in.flag();
  d.traits.checkpoints = in.flag();
  d.traits.content = in.digest();
  d.traits.secret = in.uuid();
  d.begun_by = in.number();
  d.start = in.number();
  d.reported = in.number();
  d.configuration = in.seal();
  return d;
}

std::string encode(const Located& located) {
  RowWriter out;
  out.uuid(located.user.uuid).number(located.ended_code ? 1 : located.ended_activation ? 2 : 0);
  if (located.ended_code) write(out, *located.ended_code);
  if (located.ended_activation) write(out, *located.ended_activation);
  return out.take();
}

Located decode_located(std::string_view bytes) {
  RowReader in(bytes);
  Located located;
  located.user.uuid = in.uuid();
  const auto kind = in.number();
  if (kind == 1) located.ended_code = std::make_shared<const Code>(read_code(in));
  if (kind == 2) located.ended_activation = std::make_shared<const Activation>(read_activation(in));
  return located;
}

std::string encode(const DigestEntry& entry) {
  RowWriter out;
  out.uuid(entry.account.uuid).number(static_cast<unsigned>(entry.kind)).uuid(entry.id).uuid(entry.user.uuid);
  return out.take();
}

DigestEntry decode_digest_entry(std::string_view bytes) {
  RowReader in(bytes);
  DigestEntry entry;
  entry.account.uuid = in.uuid();
  entry.kind = in.enumerator<PartyKind>();
  entry.id = in.uuid();
  entry.user.uuid = in.uuid();
  return entry;
}

std::string encode_number(std::uint64_t number) {
  return RowWriter().number(number).take();
}

std::uint64_t decode_number(std::string_view bytes) {
  return RowReader(bytes).number();
}

std::string encode_event_run(bus::FrameNumber frame, const std::vector<std::string>& events) {
  RowWriter out;
  std::size_t bytes = 16;
  for (const auto& event : events) bytes += event.size() + 4;
  out.reserve(bytes).number(bus::value(frame)).number(events.size());
  for (const auto& event : events) out.text(event);
  return out.take();
}

EventRunView decode_event_run(std::string_view bytes) {
  RowReader in(bytes);
  EventRunView run;
  run.frame = bus::FrameNumber{in.number()};
  for (auto n = in.number(); n > 0; --n) run.events.push_back(in.text());
  return run;
}

}  // namespace countersign::projections
