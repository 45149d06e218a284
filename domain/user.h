#pragma once
// The user: a person of an account, with everything that lives and dies with them: open and used registration codes
// (registration_code.h), activations, that is devices with their token and session (activation.h), and authenticators
// (authenticator.h).
//
// Bounded: at most `most_per_user` live codes and as many activations; what has ended leaves the row.

#include <string>
#include <vector>

#include "domain/activation.h"
#include "domain/authenticator.h"
#include "domain/decision.h"
#include "domain/lockout.h"
#include "domain/registration_code.h"
#include "domain/seal.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

inline constexpr std::size_t most_per_user = 200;

struct User {
  UserId id;
  bool disabled = false;
  bool mfa_configured = false;
  bool erased = false;        ///< its rows are to be deleted
  bool had_code = false;      ///< a registration code was generated for this user at least once
  std::uint64_t version = 0;  ///< of profile and status: the ETag
  UnixMs created_at = 0, updated_at = 0;
  Digest email{}, login_name{}, content{};  ///< keyed; login_name zero: none
  Seal profile;
  std::vector<Code> codes;              ///< open, reserved and used ones
  std::vector<Activation> activations;  ///< with a live device
  std::vector<Authenticator> authenticators;
  Lockout lockout;
  std::vector<UnixMs> messages_at;      ///< when challenges by message were issued, in the hour before the newest
  std::vector<CodeId> ended_codes;      ///< the newest most_per_user, oldest first; their records stand elsewhere
  std::vector<Uuid> ended_activations;  ///< likewise

  const Code* code(CodeId wanted) const;
  const Activation* activation(const Uuid& wanted) const;
  const Authenticator* authenticator(AuthenticatorId wanted) const;
  Code* code(CodeId wanted) { return const_cast<Code*>(std::as_const(*this).code(wanted)); }
  Activation* activation(const Uuid& wanted) {
    return const_cast<Activation*>(std::as_const(*this).activation(wanted));
  }
  Authenticator* authenticator(AuthenticatorId wanted) {
    return const_cast<Authenticator*>(std::as_const(*this).authenticator(wanted));
  }
  /// Whether a factor stands in the way of registration codes: the profile says so, or an authenticator does. As far as
  /// events have said; at `now`, whether or not the sweep has written that an authenticator has expired.
  bool has_mfa() const;
  bool has_mfa(UnixMs now) const;
  bool operator==(const User&) const = default;
};

/// Folds one event that is about this user. What has ended stays in the lists, marked, until take_ended().
void evolve(User& user, const RecordedEvent& recorded);

/// Takes codes and activations that have ended out of the user's lists. A used code goes with its activation. Only the
/// newest most_per_user are remembered; the ids of older ones are handed back to be forgotten (the log has them still).
struct Ended {
  std::vector<Code> codes;
  std::vector<Activation> activations;
  std::vector<CodeId> forgotten_codes;
  std::vector<Uuid> forgotten_activations;
};
Ended take_ended(User& user);

// --- Commands --------------------------------------------------------------------------------------------------------

/// A whole profile: its personal texts and the keyed digests that stand for them.
struct Profile {
  Personal personal;
  Digest email{}, login_name{}, content{};
  bool mfa_configured = false;
};

struct CreateUser {
  UserId id;
  Profile profile;
};
struct UserWritten {
  UserId id;
  std::uint64_t version = 0;
};
Decision<UserWritten> decide(const State& state, const Context& context, const CreateUser& command);

struct UpdateUser {
  UserId id;
  Profile profile;
  std::uint64_t expected_version = 0;  ///< the profile was merged from this version
};
Decision<UserWritten> decide(const State& state, const Context& context, const UpdateUser& command);

/// One chunk of an import: rows that are known by their address are updated, or unchanged; others are created. A
/// profile was merged from what stood there before; a row whose address has another holder now, or whose holder has
/// changed since, is refused with version_mismatch: to be merged again.
struct ImportUsers {
  struct Row {
    UserId id;  ///< freshly drawn for the case that the row is new: never that of somebody there is
    Profile profile;
    std::uint64_t line = 0;
    UserId merged_from;                ///< nil: from nobody
    std::uint64_t merged_version = 0;  ///< of merged_from
  };
  std::vector<Row> rows;
};
struct ImportedUsers {
  std::uint64_t created = 0, updated = 0, unchanged = 0;
  struct Refused {
    std::uint64_t line;
    Refusal refusal;
  };
  std::vector<Refused> refused;
};
Decision<ImportedUsers> decide(const State& state, const Context& context, const ImportUsers& command);

struct SetUserDisabled {
  UserId id;
  bool disabled = true;
};
Decision<UserWritten> decide(const State& state, const Context& context, const SetUserDisabled& command);

/// "Reset password": the user's codes are revoked, with what used ones brought. No new code by itself. What would make
/// more than most_reset_events is left for further commands: several users, or one with very many codes.
inline constexpr std::size_t most_reset_events = 500;
struct ResetUsers {
  std::vector<UserId> ids;
  bool begun = false;  ///< the first one's reset goes on: its event is there already
};
struct ResetResult {
  std::uint64_t codes_revoked = 0;
  std::vector<UserId> left;  ///< not done yet
  bool begun = false;        ///< the first that is left is done in part
};
/// How many events the reset of this user makes.
std::size_t reset_events(const User& user);
Decision<ResetResult> decide(const State& state, const Context& context, const ResetUsers& command);

/// The first half of an erasure; the second destroys the user's key.
struct EraseUser {
  UserId id;
};
Decision<UserWritten> decide(const State& state, const Context& context, const EraseUser& command);

}  // namespace countersign::domain
