#pragma once
// The registration of a device that has no network (docs/offline-activation.md): an authenticator that takes one of a
// licence's activations and is pending until its device has shown, by a signature, that it has the seed. Registration
// and authenticator share their UUID.
//
// Device codes and signatures are looked at by whoever has the secret; decide() says whether that counts.

#include "domain/authenticator.h"
#include "domain/licence.h"

namespace countersign::domain {

using RegistrationStep = fb::RegistrationStep;

inline constexpr UnixMs registration_lifetime = hour_ms;
inline constexpr std::uint32_t most_registration_failures = 5;  ///< of a step: then it is over

/// A user has one registration under way at most. Otherwise refused as enrolments are.
struct BeginRegistration {
  UserId user;
  AuthenticatorId id;  ///< freshly drawn; its secret is in the key store already
  Digest serial{};     ///< of the licence
  LicenceType type = LicenceType::mdl;
  OtpAlgorithm algorithm = OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 30;  ///< of one that goes by time
  Digest content{};
  Personal texts;    ///< name, detail
  Digest message{};  ///< SHA-256 of the first message
  bool force = false;
};
struct RegistrationBegun {
  AuthenticatorId id;
  UserId user;
  UnixMs expires_at = 0;
  AuthenticatorId lapsed;  ///< was deleted for it
};
Decision<RegistrationBegun> decide(const State& state, const Context& context, const BeginRegistration& command);

struct AddDevice {
  AuthenticatorId id;
  bool valid = true;  ///< the code is one that the device can have made
  Digest device{};    ///< keyed, of its code
};
struct RegistrationStepTaken {
  UserId user;
  bool done = false;
  Reason reason = Reason::none;  ///< why not
  std::uint32_t tries_left = 0;  ///< 0: the registration is over
};
/// Once more with the same code: no event. With another one it is refused.
Decision<RegistrationStepTaken> decide(const State& state, const Context& context, const AddDevice& command);

struct CancelRegistration {
  AuthenticatorId id;
};
Decision<RegistrationStepTaken> decide(const State& state, const Context& context, const CancelRegistration& command);

struct CompleteRegistration {
  AuthenticatorId id;
  Digest device{};
  bool signature_matches = false;  ///< for that device
};
Decision<RegistrationStepTaken> decide(const State& state, const Context& context, const CompleteRegistration& command);

}  // namespace countersign::domain
