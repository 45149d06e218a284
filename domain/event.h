#pragma once
// Events as decisions make them and as readers see them, and the only code that encodes them.
//
// A NewEvent has no id, sequence or time yet: the owner of the log adds them. Encoding is done once; from then on the
// bytes are never encoded again, so that hashes over them keep.

#include <flatbuffers/flatbuffers.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "domain/events_generated.h"
#include "domain/ids.h"

namespace countersign::domain {

using EventType = fb::EventType;
using Outcome = fb::Outcome;
using PartyKind = fb::PartyKind;
using Reason = fb::Reason;
using Role = fb::Role;
using Personal = fb::PersonalT;

struct Party {
  PartyKind kind = PartyKind::none;
  Uuid id;
  bool operator==(const Party&) const = default;
};

inline Party party(AccountId id) {
  return {PartyKind::account, id.uuid};
}
inline Party party(UserId id) {
  return {PartyKind::user, id.uuid};
}
inline Party party(CodeId id) {
  return {PartyKind::registration_code, id.uuid};
}
inline Party party(DeviceId id) {
  return {PartyKind::device, id.uuid};
}
inline Party party(TokenId id) {
  return {PartyKind::token, id.uuid};
}
inline Party party(SessionId id) {
  return {PartyKind::session, id.uuid};
}
inline Party party(ApiKeyId id) {
  return {PartyKind::api_key, id.uuid};
}
inline Party party(OperationId id) {
  return {PartyKind::operation, id.uuid};
}
inline Party party(AuthenticatorId id) {
  return {PartyKind::authenticator, id.uuid};
}
inline Party party(LicenceId id) {
  return {PartyKind::licence, id.uuid};
}
inline Party party(HardwareTokenId id) {
  return {PartyKind::hardware_token, id.uuid};
}
inline Party party(SiemDestinationId id) {
  return {PartyKind::siem_destination, id.uuid};
}

struct NewEvent {
  EventType type = EventType::none;
  Party subject;  ///< whom it is about
  Party target;   ///< what was acted on
  Outcome outcome = Outcome::success;
  Reason reason = Reason::none;
  SessionId session;
  AccountId account;  ///< nil: the account of the context
  fb::PayloadUnion payload;
  Personal personal;
};

/// What the owner adds to a NewEvent.
struct EventStamp {
  EventId id;
  AccountId account;
  std::uint64_t sequence = 0;
  UnixMs time = 0;
  Party actor;
  Role role = Role::none;
  Uuid correlation;
  Uuid causation;
  std::optional<std::array<std::uint8_t, 16>> ip;
  std::optional<Digest> commitment;
  std::uint16_t country = 0;  ///< as in the schema; 0: not known
};

/// Bytes of the clear part.
std::string encode_clear(const NewEvent& event, const EventStamp& stamp);
/// Bytes of the personal part, in clear: for sealing only.
std::string encode_personal(const Personal& personal);
/// Bytes of the whole event.
std::string encode_event(std::string_view clear, std::string_view sealed);

/// A verified event inside bytes that outlive the view.
class EventView {
 public:
  /// Nothing when the bytes aren't an event that this release can read. They begin 8-aligned, as they do in a frame.
  static std::optional<EventView> parse(std::string_view bytes);

  const fb::Clear& clear() const { return *clear_; }
  std::string_view clear_bytes() const { return clear_bytes_; }
  std::string_view sealed() const { return sealed_; }
  EventType type() const { return clear_->type(); }
  EventId id() const { return {to_uuid(*clear_->id())}; }
  AccountId account() const { return {to_uuid(*clear_->account())}; }
  std::uint64_t sequence() const { return clear_->sequence(); }
  UnixMs time() const { return clear_->time(); }
  Reason reason() const { return clear_->reason(); }
  Party actor() const { return to_party(clear_->actor()); }
  Party subject() const { return to_party(clear_->subject()); }
  Party target() const { return to_party(clear_->target()); }

  static Uuid to_uuid(const fb::Uuid& uuid) {
    Uuid out;
    std::memcpy(out.bytes.data(), uuid.bytes()->Data(), 16);
    return out;
  }
  static Uuid to_uuid(const fb::Uuid* uuid) { return uuid ? to_uuid(*uuid) : Uuid{}; }
  static Digest to_digest(const fb::Digest* digest) {
    Digest out{};
    if (digest) std::memcpy(out.data(), digest->bytes()->Data(), 32);
    return out;
  }

 private:
  static Party to_party(const fb::Party* p) { return p ? Party{p->kind(), to_uuid(p->id())} : Party{}; }
  const fb::Clear* clear_ = nullptr;
  std::string_view clear_bytes_, sealed_;
};

/// Nothing when the bytes aren't a Personal table.
std::optional<Personal> parse_personal(std::string_view bytes);

fb::Uuid to_fb(const Uuid& uuid);
fb::Digest to_fb(const Digest& digest);

}  // namespace countersign::domain
