#pragma once
// The hardware token: a device with a seed from its factory, known by the serial number on its back. It comes with an
// import into the account's stock, is assigned to a user, whose authenticator of type "hardware" it then is, and goes
// back to stock when that authenticator goes, for whatever reason. Token and authenticator share their UUID.
//
// What was used up stays so: a token takes its counter along, from user to user. Its seed is in the key store from
// before the import's event until the token is deleted. It belongs to the account, so that it outlives its users.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/account.h"
#include "domain/authenticator.h"
#include "domain/decision.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

enum class HardwareTokenStatus : std::uint8_t { in_stock, assigned, retired };

/// What the import says of it.
struct HardwareTokenSettings {
  std::string serial_number, manufacturer;
  Digest serial{};   ///< keyed, of the serial number
  Digest content{};  ///< keyed, of all that the import says, its seed included: so that "unchanged" opens none
  OtpAlgorithm algorithm = OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 0;   ///< seconds; 0: it counts events
  std::uint64_t counter = 0;  ///< the lowest that may be used
  UnixMs expires_at = 0;      ///< 0: never
  bool operator==(const HardwareTokenSettings&) const = default;
};

struct HardwareToken {
  HardwareTokenId id;
  HardwareTokenSettings settings;
  HardwareTokenStatus status = HardwareTokenStatus::in_stock;
  Reason reason = Reason::none;  ///< of the newest change of status
  UserId user;                   ///< nil unless assigned
  std::uint64_t next = 0;  ///< the lowest counter that may still be used, unless assigned: its authenticator's then
  std::int32_t drift = 0;  ///< likewise
  OperationId operation;   ///< that brought it
  UnixMs imported_at = 0, updated_at = 0;

  AuthenticatorId authenticator() const { return {id.uuid}; }
  bool operator==(const HardwareToken&) const = default;
};

void evolve(HardwareToken& token, const RecordedEvent& recorded);

/// "in_stock", "assigned", "retired".
std::string_view status_text(HardwareTokenStatus status);
std::optional<HardwareTokenStatus> parse_hardware_token_status(std::string_view text);

// --- Commands --------------------------------------------------------------------------------------------------------

/// One chunk of an import. A row whose serial number is known is unchanged if it says the same, else refused.
struct ImportHardwareTokens {
  struct Row {
    HardwareTokenId id;  ///< freshly drawn, and its seed is in the key store; nil: it is known already
    HardwareTokenSettings settings;
    std::uint64_t line = 0;
  };
  OperationId operation;
  std::vector<Row> rows;
};
struct ImportedHardwareTokens {
  std::uint64_t created = 0, unchanged = 0;
  struct Refused {
    std::uint64_t line;
    Refusal refusal;
  };
  std::vector<Refused> refused;
};
Decision<ImportedHardwareTokens> decide(const State& state, const Context& context,
                                        const ImportHardwareTokens& command);

/// Refused as enrolments are. The authenticator is pending until its first password, unless an administrator says that
/// it is `active`.
struct AssignHardwareToken {
  HardwareTokenId id;
  UserId user;
  Digest content{};
  Personal texts;  ///< name, detail
  bool active = false, force = false;
};
Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const AssignHardwareToken& command);

/// Back to stock, as by deleting its authenticator.
struct UnassignHardwareToken {
  HardwareTokenId id;
  bool force = false;  ///< also if it is the user's last active authenticator
};
Decision<Done> decide(const State& state, const Context& context, const UnassignHardwareToken& command);

/// It is lost or broken: nobody gets it again, and who has it has it no longer.
struct RetireHardwareToken {
  HardwareTokenId id;
};
Decision<Done> decide(const State& state, const Context& context, const RetireHardwareToken& command);

/// Not while it is assigned.
struct DeleteHardwareToken {
  HardwareTokenId id;
};
Decision<Done> decide(const State& state, const Context& context, const DeleteHardwareToken& command);

// --- For other aggregates --------------------------------------------------------------------------------------------

/// The authenticator goes, or its user: if it is a hardware token, that is in stock again; one that was compromised
/// is retired.
void return_hardware_token(const User& user, const Authenticator& authenticator, Reason reason,
                           std::vector<NewEvent>& events);

}  // namespace countersign::domain
