#pragma once
// What one redeemed code brings: a device, its access token and its session. They are born together and share one UUID;
// the id's prefix tells them apart. Token and session have one life: ending either ends both. The device outlives them
// until it is revoked.

#include <string>
#include <vector>

#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

struct Activation {
  Uuid id;
  CodeId code;
  UnixMs activated_at = 0;
  // the device
  UnixMs device_revoked_at = 0;
  Reason device_reason = Reason::none;
  std::uint64_t device_version = 1;
  Seal device;  ///< name, platform, model, serial, public key
  // its access token
  Digest token{};
  UnixMs token_expires_at = 0;  ///< 0: until revoked
  UnixMs token_ended_at = 0;
  Reason token_reason = Reason::none;
  Digest key_thumbprint{};  ///< RFC 7800 cnf; zero: none
  // its session
  UnixMs session_expires_at = 0;
  UnixMs session_seen_at = 0;
  UnixMs session_ended_at = 0;
  Reason session_reason = Reason::none;
  Seal session;  ///< address and user agent it was started from

  DeviceId device_id() const { return {id}; }
  TokenId token_id() const { return {id}; }
  SessionId session_id() const { return {id}; }
  bool device_live() const { return device_revoked_at == 0; }
  bool token_live(UnixMs now) const { return token_ended_at == 0 && (token_expires_at == 0 || now < token_expires_at); }
  bool session_live(UnixMs now) const {
    return session_ended_at == 0 && token_live(now) && (session_expires_at == 0 || now < session_expires_at);
  }
  /// When the first of token and session ends by itself; 0: never.
  UnixMs ends_at() const;
  bool operator==(const Activation&) const = default;
};

void evolve(Activation& activation, const RecordedEvent& recorded);

// --- Commands --------------------------------------------------------------------------------------------------------

struct RenameDevice {
  DeviceId id;
  Personal device;  ///< the whole device profile with the new name
  std::uint64_t expected_version = 0;
  bool has_name = false;  ///< that version has this name already; no seal is opened here to see it
};
struct DeviceWritten {
  UserId user;
  std::uint64_t version = 0;
};
Decision<DeviceWritten> decide(const State& state, const Context& context, const RenameDevice& command);

struct RevokeDevice {
  DeviceId id;
};
Decision<DeviceWritten> decide(const State& state, const Context& context, const RevokeDevice& command);

struct RevokeToken {
  TokenId id;
};
struct Ends {
  UserId user;
  std::uint64_t sessions = 0;
};
Decision<Ends> decide(const State& state, const Context& context, const RevokeToken& command);

/// RFC 7009: whoever bears the token may revoke it. An unknown one is no refusal.
struct RevokeBearer {
  Digest token{};
};
Decision<Ends> decide(const State& state, const Context& context, const RevokeBearer& command);

struct EndSession {
  SessionId id;
};
Decision<Ends> decide(const State& state, const Context& context, const EndSession& command);

struct EndUserSessions {
  UserId user;
};
Decision<Ends> decide(const State& state, const Context& context, const EndUserSessions& command);

/// Sessions that were used since: one coalesced event each.
struct TouchSessions {
  struct Seen {
    UserId user;
    SessionId session;
    UnixMs at = 0;
  };
  std::vector<Seen> seen;
};
Decision<Ends> decide(const State& state, const Context& context, const TouchSessions& command);

// --- For other aggregates --------------------------------------------------------------------------------------------

/// Events that end the token and session of `activation`, as far as they live.
void end_connection(const User& user, const Activation& activation, Reason reason, std::vector<NewEvent>& events);
/// The same, and the device.
void end_activation(const User& user, const Activation& activation, Reason reason, std::vector<NewEvent>& events);

}  // namespace countersign::domain
