#pragma once
// The registration code: one code, one device. Valid for hours or days, at most 7 days, fixed when it is generated.
// Two steps are possible: the code is reserved for one activation ticket, the ticket and the code activate the device.

#include <string>
#include <vector>

#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

enum class CodeStatus : std::uint8_t { open, reserved, used, revoked, expired };

inline constexpr UnixMs ticket_validity = 10 * 60'000;

struct Code {
  CodeId id;
  Digest digest{};
  CodeStatus status = CodeStatus::open;
  UnixMs generated_at = 0, expires_at = 0;
  UnixMs changed_at = 0;
  Reason reason = Reason::none;  ///< why it ended
  Digest ticket{};               ///< while reserved
  UnixMs ticket_expires_at = 0;
  Uuid activation;        ///< what it brought
  OperationId operation;  ///< the bulk generation it came from
  Seal text;              ///< the code itself, while it is open
  bool ended() const { return status == CodeStatus::revoked || status == CodeStatus::expired; }
  bool operator==(const Code&) const = default;
};

/// The status at `now`, whether or not the sweep has written the event yet.
CodeStatus effective_status(const Code& code, UnixMs now);

void evolve(Code& code, const RecordedEvent& recorded);

// --- Commands --------------------------------------------------------------------------------------------------------

/// A code drawn outside: candidates with spares, so that a collision (2^-49.5) costs nothing.
struct DrawnCode {
  CodeId id;
  Digest digest{};
  std::string text;  ///< canonical; sealed into the event
};

/// All or nothing: one refusal refuses all.
struct GenerateCodes {
  std::vector<UserId> users;
  std::uint32_t codes_per_user = 1;
  std::vector<DrawnCode> drawn;  ///< at least users x codes_per_user
};
struct GeneratedCodes {
  struct Item {
    CodeId id;
    UserId user;
    std::string text;
    UnixMs expires_at = 0;
  };
  std::vector<Item> items;
};
Decision<GeneratedCodes> decide(const State& state, const Context& context, const GenerateCodes& command);

/// One chunk of "all enabled users that never had a code".
struct GenerateForNewUsers {
  OperationId operation;
  std::vector<UserId> users;
  std::vector<DrawnCode> drawn;  ///< one a user
};
struct GeneratedForNewUsers {
  std::uint64_t generated = 0, skipped = 0;
  std::vector<UserId> with_mfa, with_too_many;
};
Decision<GeneratedForNewUsers> decide(const State& state, const Context& context, const GenerateForNewUsers& command);

/// An open code dies; revoking a used one ends the device, token and session that it brought.
struct RevokeCode {
  CodeId id;
};
struct CodeRevoked {
  UserId user;
};
Decision<CodeRevoked> decide(const State& state, const Context& context, const RevokeCode& command);

/// What an activation needs, drawn outside.
struct DrawnActivation {
  Uuid id;                  ///< shared by device, token and session
  Digest token{};           ///< of the access token's secret
  Personal device;          ///< device_* fields
  Digest key_thumbprint{};  ///< RFC 7638, of the device's public key; zero: it named none
};

/// One step: redeems the code and activates the device.
struct RedeemCode {
  Digest digest{};         ///< of the code
  std::uint16_t slot = 0;  ///< spelled by the code: where a wrong code is noted
  DrawnActivation drawn;
};
struct Activated {
  AccountId account;
  UserId user;
  Uuid activation;
  UnixMs token_expires_at = 0;
};
Decision<Activated> decide(const State& state, const Context& context, const RedeemCode& command);

/// Two steps, the first: reserves the code for one ticket.
struct ReserveCode {
  Digest digest{};
  std::uint16_t slot = 0;
  Digest ticket{};
};
struct Reserved {
  AccountId account;
  UserId user;
  UnixMs ticket_expires_at = 0;
};
Decision<Reserved> decide(const State& state, const Context& context, const ReserveCode& command);

/// Two steps, the second: uses ticket and code.
struct ActivateDevice {
  Digest ticket{};
  std::uint16_t slot = 0;
  DrawnActivation drawn;
};
Decision<Activated> decide(const State& state, const Context& context, const ActivateDevice& command);

/// Writes the `.expired` and `.reopened` events that time has made due. Ids that aren't due (any more) are passed over.
struct SweepExpired {
  struct Due {
    UserId user;
    Party object;  ///< registration_code, token or authenticator
  };
  std::vector<Due> due;
};
struct Swept {
  std::uint64_t events = 0;
  std::vector<AuthenticatorId> deleted;  ///< whose seeds are to be destroyed
};
Decision<Swept> decide(const State& state, const Context& context, const SweepExpired& command);

// --- For other aggregates --------------------------------------------------------------------------------------------

/// Events that revoke `code` of `user`, and end what it brought.
void revoke_code(const User& user, const Code& code, Reason reason, std::vector<NewEvent>& events);

}  // namespace countersign::domain
