#pragma once
// The licence: how many devices may be activated with authenticators of one type. An activation is reserved when a
// device's registration begins, and given back when its authenticator is deleted, for whatever reason.
//
// used + free + lost = activations, always. Lost are those that were given back by activated devices more often than
// the licence lets them be used again.

#include <optional>
#include <string>

#include "domain/account.h"
#include "domain/authenticator.h"
#include "domain/decision.h"

namespace countersign::domain {

using LicenceType = fb::LicenceType;

// --- State -----------------------------------------------------------------------------------------------------------

inline constexpr std::uint32_t most_activations = 1'000'000'000;
inline constexpr std::size_t longest_serial_number = 64;  ///< bytes

struct Licence {
  LicenceId id;
  std::string serial_number;
  Digest serial{};  ///< keyed, of the serial number
  LicenceType type = LicenceType::none;
  AuthenticatorType authenticator_type = AuthenticatorType::none;
  std::uint32_t activations = 0;
  std::optional<std::uint32_t> max_reactivations;  ///< nothing: as often as they are given back
  std::uint32_t used = 0;
  std::uint32_t given_back = 0;     ///< by devices that had been activated, so far
  std::uint32_t last_instance = 0;  ///< numbers of its authenticators are never used again
  std::uint64_t version = 0;        ///< of what an operator can change: the ETag
  UnixMs created_at = 0, updated_at = 0;

  std::uint32_t lost() const;
  std::uint32_t free() const { return activations - used - lost(); }
  bool operator==(const Licence&) const = default;
};

void evolve(Licence& licence, const RecordedEvent& recorded);

/// "MDL" (many devices), "SDL" (a single one).
std::string_view licence_type_text(LicenceType type);
std::optional<LicenceType> parse_licence_type(std::string_view text);

/// The serial number of an authenticator that came by it: "SERIAL-n", or the licence's own if it is for one device.
std::string instance_serial(const Licence& licence, std::uint32_t instance);

// --- Commands --------------------------------------------------------------------------------------------------------

struct LicenceTerms {
  std::uint32_t activations = 1;
  std::optional<std::uint32_t> max_reactivations;
  bool operator==(const LicenceTerms&) const = default;
};

struct LicenceWritten {
  LicenceId id;
  std::uint64_t version = 0;
};

/// An account has one licence of a serial number.
struct CreateLicence {
  LicenceId id;
  std::string serial_number;
  Digest serial{};
  LicenceType type = LicenceType::mdl;
  AuthenticatorType authenticator_type = AuthenticatorType::totp;
  LicenceTerms terms;
};
Decision<LicenceWritten> decide(const State& state, const Context& context, const CreateLicence& command);

/// Not below what is used.
struct ChangeLicence {
  LicenceId id;
  LicenceTerms terms;
  std::uint64_t expected_version = 0;
};
Decision<LicenceWritten> decide(const State& state, const Context& context, const ChangeLicence& command);

/// Only one of which nothing is used.
struct DeleteLicence {
  LicenceId id;
};
Decision<Done> decide(const State& state, const Context& context, const DeleteLicence& command);

// --- For other aggregates --------------------------------------------------------------------------------------------

/// The authenticator takes one of the licence's activations.
NewEvent reserved(UserId user, const Authenticator& authenticator);
/// What it took of a licence, if it came by one, is given back.
void release_activation(const User& user, const Authenticator& authenticator, Reason reason,
                        std::vector<NewEvent>& events);

}  // namespace countersign::domain
