#pragma once
// The authenticator: what a user proves with, by one-time passwords, that it is them. It belongs to its user's row and
// dies with the user. Its seed isn't here: the key store has it, under the authenticator's id, until the authenticator
// is deleted.
//
// Who submits a one-time password has opened the seed and found out which counter it belongs to; decide() alone says
// whether that counter may still be used, so that none is accepted twice, whoever asks wherever. Counter: of HOTP (RFC
// 4226) the event's number, of TOTP (RFC 6238) the time step, of recovery codes (look-up secrets in NIST SP 800-63B)
// the number of the code on its card, from 0 on; these are used in any order.
//
// Some answer challenges (challenge.h): a message brings the password, or a question goes into it (OCRA, RFC 6287).
// Whatever else happens to such an authenticator closes its challenge.
//
// Failures in a row count per user, over all authenticators and flows (domain/lockout.h).

#include <bit>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/challenge.h"
#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

using AuthenticatorType = fb::AuthenticatorType;
using OtpAlgorithm = fb::OtpAlgorithm;
using OtpFlow = fb::OtpFlow;

// --- State -----------------------------------------------------------------------------------------------------------

inline constexpr std::size_t most_authenticators = 50;       ///< of a user
inline constexpr unsigned least_codes = 5, most_codes = 50;  ///< on a card of recovery codes

/// registering: its device has yet to prove that it has the seed (device_registration.h).
enum class AuthenticatorStatus : std::uint8_t {
  pending,
  active,
  disabled,
  expired,
  obsolete,
  compromised,
  deleted,
  registering,
};

/// Of one that comes by a licence, until its device has proven that it has the seed (device_registration.h).
struct DeviceRegistration {
  UnixMs expires_at = 0;       ///< 0: it has ended
  std::uint32_t failures = 0;  ///< of its present step
  Digest message{};            ///< SHA-256 of its first message
  Digest device{};             ///< keyed, of the device's code; zero: none has been added yet
  bool operator==(const DeviceRegistration&) const = default;
};

struct Authenticator {
  AuthenticatorId id;
  AuthenticatorType type = AuthenticatorType::none;
  AuthenticatorStatus status = AuthenticatorStatus::pending;
  Reason reason = Reason::none;  ///< of the newest change of status
  OtpAlgorithm algorithm = OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 0;  ///< seconds; 0: it counts events
  std::uint64_t next = 0;    ///< the lowest counter that may still be used
  std::int32_t drift = 0;    ///< steps that its clock was ahead when it was last used
  std::uint8_t codes = 0;    ///< of a card
  std::uint64_t used = 0;    ///< which of them are used up: a bit each
  bool mfa_exempt = false;
  std::uint64_t version = 1;  ///< of what an operator can change: the ETag
  UnixMs enrolled_at = 0, updated_at = 0, used_at = 0;
  UnixMs expires_at = 0;  ///< 0: never
  AuthenticatorId replaces;
  LicenceId licence;           ///< nil: none
  std::uint32_t instance = 0;  ///< its number among the licence's
  DeviceRegistration registration;
  std::string suite;    ///< of OCRA
  Challenge challenge;  ///< the newest
  Digest content{};     ///< keyed, of all that is sealed
  Seal profile;         ///< name, comment, phone, e-mail address

  /// Of one that answers challenges, beside which the challenge must be open.
  bool may_use(std::uint64_t counter) const;
  bool is_being_registered() const { return status == AuthenticatorStatus::registering; }
  /// When it expires, or its registration does, whichever is first; 0: never.
  UnixMs ends_at() const;
  unsigned codes_left() const { return codes - static_cast<unsigned>(std::popcount(used)); }
  bool operator==(const Authenticator&) const = default;
};

/// The status at `now`, whether or not the sweep has written the event yet.
AuthenticatorStatus effective_status(const Authenticator& authenticator, UnixMs now);

void evolve(Authenticator& authenticator, const RecordedEvent& recorded);

// --- What may be done with it ----------------------------------------------------------------------------------------

enum class AuthenticatorAction : std::uint8_t {
  confirm,
  verify,
  test,
  reset,
  edit,
  disable,
  enable,
  retire,
  report_compromised,
  replace,
  remove,
  expire,
  challenge,
};

/// Whether it is pending until it is confirmed by a first password.
bool has_to_be_proven(AuthenticatorType type);

/// Whether its one-time passwords come by message.
bool is_by_message(AuthenticatorType type);
/// Whether nothing is accepted of it but what answers its challenge.
bool answers_challenges(AuthenticatorType type);
/// Whether messages of this channel are for it; of OCRA, none.
bool carries(AuthenticatorType type, Channel channel);

bool may(AuthenticatorAction action, AuthenticatorType type, AuthenticatorStatus status);
/// What an operator may do now, for refusals and for people.
std::vector<AuthenticatorAction> allowed_actions(AuthenticatorType type, AuthenticatorStatus status);

/// Why the action isn't done, with what could be.
Refusal not_allowed(AuthenticatorAction action, AuthenticatorType type, AuthenticatorStatus status);

/// As the API has them: "totp", "pending", "compromised" ...
std::string_view type_text(AuthenticatorType type);
std::optional<AuthenticatorType> parse_authenticator_type(std::string_view text);
std::string_view status_text(AuthenticatorStatus status);
std::string_view action_text(AuthenticatorAction action);

// --- Commands of operators -------------------------------------------------------------------------------------------

/// What an enrolment sets. Its texts are sealed.
struct AuthenticatorSettings {
  AuthenticatorType type = AuthenticatorType::none;
  OtpAlgorithm algorithm = OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 0;
  std::uint64_t counter = 0;
  std::uint8_t codes = 0;
  UnixMs expires_at = 0;
  Digest content{};
  Personal texts;  ///< name, detail, phone, email
  std::string suite{};
};

struct AuthenticatorWritten {
  AuthenticatorId id;
  UserId user;
  std::uint64_t version = 0;
  AuthenticatorId replaced;  ///< was deleted for it
};

/// Its seed is in the key store already. Recovery codes are active at once: there is nothing to prove. Refused while
/// the user has open codes, or a session that a code brought: who holds the code would be asked for a factor that
/// somebody else got. `force`: nevertheless.
struct EnrolAuthenticator {
  UserId user;
  AuthenticatorId id;  ///< freshly drawn
  AuthenticatorSettings settings;
  AuthenticatorId replaces;  ///< nil: none; deleted when this one is confirmed
  bool force = false;
};
Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const EnrolAuthenticator& command);

struct EditAuthenticator {
  AuthenticatorId id;
  Personal texts;
  Digest content{};
  UnixMs expires_at = 0;
  std::uint64_t expected_version = 0;
};
Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const EditAuthenticator& command);

/// disable, enable, retire, report_compromised, remove. The last active authenticator of a user isn't disabled, retired
/// or removed unless `force`; done already: no event.
struct ChangeAuthenticator {
  AuthenticatorId id;
  AuthenticatorAction action = AuthenticatorAction::disable;
  bool force = false;
};
Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const ChangeAuthenticator& command);

/// Failures are forgotten, and whoever was blocked or locked may try again.
struct UnlockUser {
  UserId user;
};
Decision<AuthenticatorWritten> decide(const State& state, const Context& context, const UnlockUser& command);

// --- One-time passwords ----------------------------------------------------------------------------------------------

/// What comparing a one-time password with an authenticator gave.
struct OtpProof {
  AuthenticatorId authenticator;
  std::uint64_t version = 0;  ///< that was looked at
  bool matched = false;
  std::uint64_t counter = 0;  ///< it belongs to; of a reset the second one's
  std::int32_t drift = 0;
  ChallengeId challenge{};  ///< that was looked at
};

struct UseOtp {
  UserId user;
  OtpFlow flow = OtpFlow::verify;
  AuthenticatorId named;         ///< nil: any of the user's will do; operators name one
  std::vector<OtpProof> proofs;  ///< of those that the flow may use; the first that matched counts
};
struct OtpUsed {
  bool accepted = false;
  bool stale = false;  ///< something was changed since it was looked at: to be compared again; nothing was counted
  Reason reason = Reason::none;
  AuthenticatorId authenticator;
  AuthenticatorId replaced;  ///< was deleted for it
  UnixMs blocked_until = 0;
};
/// Of a user that is blocked nothing is counted, right or wrong. What an operator names and can't be used is refused,
/// and isn't counted either.
Decision<OtpUsed> decide(const State& state, const Context& context, const UseOtp& command);

// --- For other aggregates --------------------------------------------------------------------------------------------

/// Why the user gets no other authenticator of this type; `replaced` makes room for it.
std::optional<Refusal> refuse_another(const Account& account, const User& user, AuthenticatorType type,
                                      const Authenticator* replaced, bool force, UnixMs now);
/// What stands in the way can be overcome by administrators only.
std::optional<Refusal> refuse_force(const State& state, const Context& context, bool force);
/// It is enrolled for this user, with these texts.
NewEvent enrolled(UserId user, const Authenticator& authenticator, const Personal& texts);
/// It is exempt from "MFA configured" if the account's policy says so of its type.
bool is_mfa_exempt(const Account& account, AuthenticatorType type);
/// It is deleted; what it took of a licence is given back, and a hardware token is in stock again.
void remove_authenticator(const User& user, const Authenticator& authenticator, Reason reason,
                          std::vector<NewEvent>& events);
/// It expires; one whose registration has lapsed is deleted.
void expire_authenticator(const User& user, const Authenticator& authenticator, std::vector<NewEvent>& events);
void disable_authenticator(const User& user, const Authenticator& authenticator, Reason reason,
                           std::vector<NewEvent>& events);

}  // namespace countersign::domain
